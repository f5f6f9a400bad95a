// The filter language of lists, saved filters and rollout targets (docs/formats/filters.md). Pure.
//
//   region=seoul tag.site=3 state=failed,rolled_back text~foo seen>1h !active=yes "two words"
//
// Terms are separated by spaces and must all hold. A term is FIELD OPERATOR VALUE[,VALUE…] and holds when one
// of its values does; "!" before it turns it round; a bare word means text~WORD. Values with spaces, commas
// or quotes stand in double quotes with \" and \\ inside. "-" is nothing: region=- has no region.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/base/result.hpp"

namespace stratus::db {

enum class FilterField : std::uint8_t {
  id,
  label,
  text,  // id, label, hardware, location and tags at once
  region,
  group,
  kind,
  hardware,
  image,
  version,
  target,
  state,
  reason,
  location,
  active,
  seen,        // how long ago: 90s, 5m, 2h, 30d
  created,     // how long ago
  content,     // what it shows now
  health,      // online, degraded, offline, never (fleet_sql.hpp)
  compliance,  // on_target, behind, failing, none
  gateway,     // that it was heard through last
  tag,
};

enum class FilterOperator : std::uint8_t { equal, contains, less, less_equal, greater, greater_equal };

struct FilterTerm {
  FilterField field = FilterField::text;
  FilterOperator op = FilterOperator::contains;
  bool negated = false;
  std::string key;                  // of a tag
  std::vector<std::string> values;  // at least one; "" stands for nothing ("-")
  std::int64_t age_ms = 0;          // of seen and created
  bool operator==(const FilterTerm&) const = default;
};

struct Filter {
  std::vector<FilterTerm> terms;
  bool operator==(const Filter&) const = default;
};

constexpr std::size_t kMaxFilterBytes = 4096, kMaxFilterTerms = 32, kMaxFilterValues = 100;

// `invalid` says which term is wrong and why. "" is the filter that everything passes.
Result<Filter> parse_filter(std::string_view text);
// The canonical text: parse_filter of it gives the same filter.
std::string format_filter(const Filter& filter);

}  // namespace stratus::db
