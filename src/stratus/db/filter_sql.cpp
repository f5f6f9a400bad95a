#include "stratus/db/filter_sql.hpp"

#include <algorithm>
#include <initializer_list>

#include <fmt/format.h>

#include "stratus/db/device_text.hpp"
#include "stratus/db/fleet_sql.hpp"

namespace stratus::db {
namespace {

std::string column_of(FilterField field) {
  switch (field) {
    case FilterField::id:
      return "d.id";
    case FilterField::label:
      return "d.label";
    case FilterField::kind:
      return "d.kind";
    case FilterField::hardware:
      return "d.hardware";
    case FilterField::image:
      return "d.name";
    case FilterField::version:
      return "d.running_version";
    case FilterField::target:
      return "d.target_version";
    case FilterField::state:
      return "d.state";
    case FilterField::reason:
      return "d.reason";
    case FilterField::location:
      return "d.location";
    default:
      return "d.search";
  }
}

bool has_index(const FilterTerm& term) {
  if (term.negated || term.op != FilterOperator::equal) return false;
  switch (term.field) {
    case FilterField::id:
    case FilterField::region:
    case FilterField::group:
    case FilterField::state:
    case FilterField::tag:
    case FilterField::content:
      // "Nothing" is what most devices may have.
      return std::find(term.values.begin(), term.values.end(), "") == term.values.end();
    default:
      return false;
  }
}

// As in migrations/0018_device_questions.cpp.
bool is_in_scan(FilterField field) {
  switch (field) {
    case FilterField::id:
    case FilterField::text:
    case FilterField::active:
    case FilterField::kind:
    case FilterField::hardware:
    case FilterField::state:
    case FilterField::version:
    case FilterField::target:
    case FilterField::image:
      return true;
    default:
      return false;
  }
}

void add(std::string& condition, const std::string& expression) {
  if (!condition.empty()) condition += " AND ";
  condition += expression;
}

std::string_view comparison(FilterOperator op) {
  // An age that is less is a time that is later.
  switch (op) {
    case FilterOperator::less:
      return ">";
    case FilterOperator::less_equal:
      return ">=";
    case FilterOperator::greater:
      return "<";
    default:
      return "<=";
  }
}

}  // namespace

std::string Condition::bind(Value value) {
  values_.push_back(std::move(value));
  return fmt::format("${}", values_.size());
}

void Condition::require(const std::string& expression) { add(text_, expression); }

void Condition::require(const Filter& filter, std::int64_t now_ms) {
  for (const FilterTerm& term : filter.terms) {
    scans_ = true;
    indexed_ = indexed_ || has_index(term);
    narrow_ = narrow_ && is_in_scan(term.field);
    const std::string positive = expression(term, now_ms);
    // Every expression is true or false, never NULL, so that NOT turns it round.
    const std::string expression = term.negated ? "NOT (" + positive + ")" : positive;
    require(expression);
    narrow(term, expression);
  }
}

void Condition::narrow(const FilterTerm& term, const std::string& expression) {
  if (is_in_scan(term.field)) return add(scan_, expression);
  const bool asks_nothing = std::find(term.values.begin(), term.values.end(), "") != term.values.end();
  if (term.negated || asks_nothing) return;
  if (term.field == FilterField::reason) return add(reason_, "d.reason <> '' AND " + expression);
  const auto asks_only = [&term](std::initializer_list<std::string_view> words) {
    return std::all_of(term.values.begin(), term.values.end(), [&words](const std::string& value) {
      return std::find(words.begin(), words.end(), value) != words.end();
    });
  };
  // Necessary for these words, as fleet_sql.cpp gives them out.
  if (term.field == FilterField::health && asks_only({"never"})) return add(scan_, "d.name = ''");
  if (term.field == FilterField::health && asks_only({"degraded"}))
    return add(scan_, "d.state IN ('failed', 'rolled_back')");
  if (term.field == FilterField::compliance && asks_only({"failing"})) return add(scan_, may_fail_sql());
  if (term.field != FilterField::label && term.field != FilterField::location) return;
  // What is part of the label is part of the text that searching looks at, unless that was cut. The values
  // are those bound already: PostgreSQL refuses one that a statement does not use.
  const bool is_part = term.op == FilterOperator::contains;
  const std::string_view bytes =
      engine_ == Engine::sqlite ? "LENGTH(CAST(d.search AS BLOB))" : "OCTET_LENGTH(d.search)";
  std::string may = fmt::format("{} > {}", bytes, kMaxSearch - 4);
  for (const std::string& value : term.values) {
    const Value wanted = is_part ? fold(value) : value;
    const auto at = std::find(values_.begin(), values_.end(), wanted) - values_.begin() + 1;
    const std::string_view folded = engine_ == Engine::sqlite ? "LOWER(${})" : "LOWER(${} COLLATE \"C\")";
    may +=
        " OR " + holds("d.search", is_part ? fmt::format("${}", at) : fmt::format(fmt::runtime(folded), at));
  }
  add(scan_, "(" + may + ")");
}

std::string Condition::scan() const {
  const std::string_view by = engine_ == Engine::sqlite ? " INDEXED BY devices_scan" : "";
  return fmt::format(" FROM devices d{} WHERE {}{}{}", by, narrow_ ? "" : scan_, narrow_ ? "" : " AND ",
                     text_);
}

std::string Condition::narrowed() const {
  const std::string& best = reason_.empty() ? scan_ : reason_;
  return best.empty() ? "" : "d.id IN (SELECT d.id FROM devices d WHERE " + best + ")";
}

std::string Condition::expression(const FilterTerm& term, std::int64_t now_ms) {
  switch (term.field) {
    case FilterField::region:
      return place("d.region", "regions", term);
    case FilterField::group:
      return place("d.device_group", "device_groups", term);
    case FilterField::active: {
      const bool yes = std::find(term.values.begin(), term.values.end(), "yes") != term.values.end();
      const bool no = std::find(term.values.begin(), term.values.end(), "no") != term.values.end();
      if (yes && no) return "TRUE";
      return yes ? "d.active" : "NOT d.active";
    }
    case FilterField::seen:
    case FilterField::created: {
      const std::string_view column = term.field == FilterField::seen ? "d.last_seen_ms" : "d.first_seen_ms";
      return fmt::format("{} {} {}", column, comparison(term.op), bind(now_ms - term.age_ms));
    }
    case FilterField::content: {
      const std::string shown = "SELECT c.device FROM device_content_history c WHERE c.ended_ms IS NULL";
      FilterTerm wanted = term;
      std::erase(wanted.values, "");
      std::string found;
      if (!wanted.values.empty())
        found = fmt::format("d.id IN ({} AND {})", shown, any_of("c.content", wanted));
      if (wanted.values.size() == term.values.size()) return found;
      const std::string none = "NOT d.id IN (" + shown + ")";
      return found.empty() ? none : fmt::format("({} OR {})", found, none);
    }
    case FilterField::health:
      return any_of("(" + health_sql(bind(now_ms - kOnlineMs)) + ")", term);
    case FilterField::compliance:
      return any_of(compliance_sql(), term);
    case FilterField::gateway:
      return any_of("COALESCE((SELECT o.gateway FROM device_routes o WHERE o.device = d.id), '')", term);
    case FilterField::tag: {
      const std::string key = bind(term.key);
      const std::string head =
          fmt::format("d.id IN (SELECT t.device FROM device_tags t WHERE t.key = {}", key);
      FilterTerm wanted = term;
      std::erase(wanted.values, "");
      std::string found;
      if (!wanted.values.empty()) found = fmt::format("{} AND {})", head, any_of("t.value", wanted));
      if (wanted.values.size() == term.values.size()) return found;
      const std::string none = "NOT " + head + ")";
      return found.empty() ? none : fmt::format("({} OR {})", found, none);
    }
    default:
      return any_of(column_of(term.field), term);
  }
}

std::string Condition::any_of(const std::string& column, const FilterTerm& term) {
  std::string text;
  if (term.op == FilterOperator::equal && term.values.size() == 1) {
    return fmt::format("{} = {}", column, bind(term.values.front()));
  }
  if (term.op == FilterOperator::equal) {
    for (const std::string& value : term.values) text += (text.empty() ? "" : ", ") + bind(value);
    return fmt::format("{} IN ({})", column, text);
  }
  for (const std::string& value : term.values)
    text += (text.empty() ? "" : " OR ") + holds(column, bind(fold(value)));
  return "(" + text + ")";
}

// LIKE would need escapes and knows case differently in each engine. SQLite's own `instr` takes four times
// as long as looking (platform/sqlite/contains.hpp), and `lower` copies each text. Only A-Z are folded, on
// both.
std::string Condition::holds(const std::string& column, const std::string& needle) const {
  if (engine_ == Engine::sqlite) return fmt::format("holds_folded({}, {})", column, needle);
  if (column == "d.search") return fmt::format("strpos({}, {}) > 0", column, needle);  // is kept folded
  return fmt::format("strpos(lower(({}) COLLATE \"C\"), {}) > 0", column, needle);
}

std::string Condition::place(const std::string& column, std::string_view table, const FilterTerm& term) {
  std::string codes;
  bool none = false;
  for (const std::string& value : term.values) {
    if (value.empty()) {
      none = true;
    } else {
      codes += (codes.empty() ? "" : ", ") + bind(value);
    }
  }
  if (codes.empty()) return column + " IS NULL";
  // One value is an equality, so that the index of the column gives the order too. It may be NULL, which only
  // a negation would tell from false.
  if (!none && !term.negated && term.values.size() == 1) {
    return fmt::format("{} = (SELECT id FROM {} WHERE code = {})", column, table, codes);
  }
  const std::string in = fmt::format("{} IN (SELECT id FROM {} WHERE code IN ({}))", column, table, codes);
  return none ? fmt::format("({} OR {} IS NULL)", in, column)
              : fmt::format("({} IS NOT NULL AND {})", column, in);
}

}  // namespace stratus::db
