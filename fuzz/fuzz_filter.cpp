// The filter language: whatever is accepted has a canonical text with the same meaning, and no value of it
// ever becomes part of the SQL text.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "stratus/db/filter.hpp"
#include "stratus/db/filter_sql.hpp"

namespace {

using namespace stratus;  // NOLINT: a fuzz target

void require(bool condition) {
  if (!condition) std::abort();
}

std::string sql_of(const db::Filter& filter, db::Engine engine, std::size_t& values) {
  db::Condition condition(engine);
  condition.require(filter, 1'000'000);
  values = condition.values().size();
  return condition.where();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto filter = db::parse_filter(as_text({data, size}));
  if (!filter) return 0;
  const std::string text = db::format_filter(*filter);
  if (text.size() <= db::kMaxFilterBytes) {
    const auto again = db::parse_filter(text);
    require(again && *again == *filter);
  }
  db::Filter harmless = *filter;
  for (db::FilterTerm& term : harmless.terms) {
    if (!term.key.empty()) term.key = "k";
    if (term.field == db::FilterField::active) continue;  // words that choose between two texts
    for (std::string& value : term.values) {
      if (!value.empty()) value = "x";
    }
  }
  for (const db::Engine engine : {db::Engine::sqlite, db::Engine::postgres}) {
    std::size_t values = 0, harmless_values = 0;
    require(sql_of(*filter, engine, values) == sql_of(harmless, engine, harmless_values));
    require(values == harmless_values);
  }
  return 0;
}
