#include "stratus/server/device_question.hpp"

#include <array>
#include <charconv>

#include <fmt/format.h>

#include "stratus/server/cursor.hpp"

namespace stratus::server {
namespace {

constexpr std::array<std::pair<std::string_view, db::DeviceSort>, 4> kSorts{{
    {"id", db::DeviceSort::id},
    {"label", db::DeviceSort::label},
    {"seen", db::DeviceSort::seen},
    {"state", db::DeviceSort::state},
}};

constexpr std::array<std::pair<std::string_view, db::DeviceFacet>, 6> kFacets{{
    {"region", db::DeviceFacet::region},
    {"group", db::DeviceFacet::group},
    {"state", db::DeviceFacet::state},
    {"kind", db::DeviceFacet::kind},
    {"hardware", db::DeviceFacet::hardware},
    {"version", db::DeviceFacet::version},
}};

std::string sort_word(const db::DeviceQuery& query) {
  std::string word = query.descending ? "-" : "";
  for (const auto& [name, sort] : kSorts) {
    if (sort == query.sort) word += name;
  }
  return word;
}

Result<void> read_sort(std::string_view text, db::DeviceQuery& query) {
  query.descending = text.starts_with('-');
  if (query.descending) text.remove_prefix(1);
  for (const auto& [name, sort] : kSorts) {
    if (name != text) continue;
    query.sort = sort;
    return {};
  }
  return fail(ErrorCode::invalid, "sort: id, label, seen or state, with - before it for the other way round");
}

Result<void> read_cursor(const std::string& text, db::DeviceQuery& query) {
  if (query.sort == db::DeviceSort::id) {
    query.after = db::DevicePosition{db::Value(), text};
    return {};
  }
  STRATUS_TRY(parts, decode_cursor(text, 3));
  db::DevicePosition position{db::Value(parts[1]), parts[2]};
  bool fits = parts[0] == sort_word(query);
  if (query.sort == db::DeviceSort::seen) {
    std::int64_t number = 0;
    const auto parsed = std::from_chars(parts[1].data(), parts[1].data() + parts[1].size(), number);
    fits = fits && parsed.ec == std::errc() && parsed.ptr == parts[1].data() + parts[1].size();
    position.value = number;
  }
  if (!fits) return fail(ErrorCode::invalid, "after: a cursor of another order");
  query.after = std::move(position);
  return {};
}

}  // namespace

Result<db::DeviceQuery> device_query(db::Reader& reader, const DeviceQuestion& question,
                                     std::int64_t now_ms) {
  db::DeviceQuery query;
  query.now_ms = now_ms;
  query.limit = question.limit;
  STRATUS_TRY(filter, db::parse_filter(question.filter));
  query.filter = std::move(filter);
  if (!question.saved.empty()) {
    STRATUS_TRY(saved, db::find_filter(reader, question.saved));
    STRATUS_TRY(more, db::parse_filter(saved.filter));
    query.filter.terms.insert(query.filter.terms.end(), more.terms.begin(), more.terms.end());
  }
  if (!question.sort.empty()) STRATUS_CHECK(read_sort(question.sort, query));
  if (!question.after.empty()) STRATUS_CHECK(read_cursor(question.after, query));
  return query;
}

std::string device_cursor(const db::DeviceQuery& query, const db::InventoryDevice& last) {
  const db::DevicePosition position = db::position_of(last, query.sort);
  if (query.sort == db::DeviceSort::id) return position.id;
  const auto* const number = std::get_if<std::int64_t>(&position.value);
  const std::string value =
      number != nullptr ? std::to_string(*number) : std::get<std::string>(position.value);
  return encode_cursor({sort_word(query), value, position.id});
}

Result<db::DeviceFacet> parse_facet(std::string_view word) {
  for (const auto& [name, facet] : kFacets) {
    if (name == word) return facet;
  }
  return fail(ErrorCode::invalid, "by: region, group, state, kind, hardware or version");
}

}  // namespace stratus::server
