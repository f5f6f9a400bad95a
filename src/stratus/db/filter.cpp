#include "stratus/db/filter.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <fmt/format.h>

namespace stratus::db {
namespace {

enum class Kind : std::uint8_t {
  word,
  choice,
  yes_no,
  health,
  compliance,
  age,
  tag
};  // what operators and values it takes

struct FieldRow {
  std::string_view name;
  FilterField field;
  Kind kind;
};

constexpr std::array<FieldRow, 20> kFields{{
    {"id", FilterField::id, Kind::word},
    {"label", FilterField::label, Kind::word},
    {"text", FilterField::text, Kind::word},
    {"region", FilterField::region, Kind::choice},
    {"group", FilterField::group, Kind::choice},
    {"kind", FilterField::kind, Kind::choice},
    {"hardware", FilterField::hardware, Kind::word},
    {"image", FilterField::image, Kind::word},
    {"version", FilterField::version, Kind::word},
    {"target", FilterField::target, Kind::word},
    {"state", FilterField::state, Kind::choice},
    {"reason", FilterField::reason, Kind::word},
    {"location", FilterField::location, Kind::word},
    {"active", FilterField::active, Kind::yes_no},
    {"seen", FilterField::seen, Kind::age},
    {"created", FilterField::created, Kind::age},
    {"content", FilterField::content, Kind::choice},
    {"health", FilterField::health, Kind::health},
    {"compliance", FilterField::compliance, Kind::compliance},
    {"gateway", FilterField::gateway, Kind::choice},
}};
constexpr std::string_view kTagPrefix = "tag.";

struct OperatorRow {
  std::string_view text;
  FilterOperator op;
  bool negated;
};
// Longer ones first.
constexpr std::array<OperatorRow, 8> kOperators{{
    {"!=", FilterOperator::equal, true},
    {"!~", FilterOperator::contains, true},
    {"<=", FilterOperator::less_equal, false},
    {">=", FilterOperator::greater_equal, false},
    {"=", FilterOperator::equal, false},
    {"~", FilterOperator::contains, false},
    {"<", FilterOperator::less, false},
    {">", FilterOperator::greater, false},
}};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_field_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}
bool ends_value(char c) { return is_space(c) || c == ','; }

std::optional<std::int64_t> parse_age(std::string_view text) {
  std::int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  constexpr std::int64_t kMost = 1'000'000'000;
  if (parsed.ec != std::errc() || number < 0 || number > kMost || parsed.ptr + 1 != text.data() + text.size())
    return {};
  switch (*parsed.ptr) {
    case 's':
      return number * 1'000;
    case 'm':
      return number * 60'000;
    case 'h':
      return number * 3'600'000;
    case 'd':
      return number * 86'400'000;
    default:
      return {};
  }
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Filter> parse() {
    Filter filter;
    for (skip_spaces(); at_ < text_.size(); skip_spaces()) {
      if (filter.terms.size() == kMaxFilterTerms) return problem("too many terms");
      STRATUS_TRY(term, parse_term());
      filter.terms.push_back(std::move(term));
    }
    return filter;
  }

 private:
  tl::unexpected<Error> problem(std::string_view why) const {
    return fail(ErrorCode::invalid, fmt::format("filter: {} at character {}", why, at_ + 1));
  }
  void skip_spaces() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  std::string_view rest() const { return text_.substr(at_); }

  Result<FilterTerm> parse_term() {
    FilterTerm term;
    if (rest().starts_with('!')) {
      term.negated = true;
      ++at_;
    }
    // A field is letters up to an operator; anything else is a bare word.
    std::size_t end = at_;
    while (end < text_.size() && is_field_character(text_[end])) ++end;
    const OperatorRow* op = nullptr;
    for (const OperatorRow& row : kOperators) {
      if (op == nullptr && end > at_ && text_.substr(end).starts_with(row.text)) op = &row;
    }
    Kind kind = Kind::word;
    if (op != nullptr) {
      const std::string_view name = text_.substr(at_, end - at_);
      STRATUS_TRY(found, find_field(name, term));
      kind = found;
      at_ = end + op->text.size();
      term.op = op->op;
      term.negated = term.negated != op->negated;
    }
    STRATUS_CHECK(parse_values(term));
    STRATUS_CHECK(check(term, kind));
    return term;
  }

  Result<Kind> find_field(std::string_view name, FilterTerm& term) const {
    if (name.starts_with(kTagPrefix)) {
      term.field = FilterField::tag;
      term.key = name.substr(kTagPrefix.size());
      if (term.key.empty() || term.key.size() > 32) return problem("a tag's key has 1 to 32 characters");
      return Kind::tag;
    }
    for (const FieldRow& row : kFields) {
      if (row.name != name) continue;
      term.field = row.field;
      return row.kind;
    }
    return problem(fmt::format("no field '{}'", name));
  }

  Result<void> parse_values(FilterTerm& term) {
    for (;;) {
      if (term.values.size() == kMaxFilterValues) return problem("too many values");
      const bool quoted = rest().starts_with('"');
      STRATUS_TRY(value, quoted ? parse_quoted() : parse_plain());
      if (!quoted && value == "-") value.clear();
      term.values.push_back(std::move(value));
      if (!rest().starts_with(',')) break;
      ++at_;
    }
    if (at_ < text_.size() && !is_space(text_[at_])) return problem("a space must follow a quoted value");
    return {};
  }

  Result<std::string> parse_plain() {
    const std::size_t start = at_;
    while (at_ < text_.size() && !ends_value(text_[at_])) {
      if (text_[at_] == '"') return problem("a quote inside a value: put the whole value in quotes");
      ++at_;
    }
    if (at_ == start) return problem("a value is missing");
    return std::string(text_.substr(start, at_ - start));
  }

  Result<std::string> parse_quoted() {
    std::string value;
    for (++at_; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (c == '"') {
        ++at_;
        return value;
      }
      if (c == '\\') {
        ++at_;
        if (at_ == text_.size() || (text_[at_] != '"' && text_[at_] != '\\'))
          return problem("only \\\" and \\\\ are known");
        c = text_[at_];
      }
      value += c;
    }
    return problem("a quoted value does not end");
  }

  Result<void> check(FilterTerm& term, Kind kind) const {
    const bool compares = term.op != FilterOperator::equal && term.op != FilterOperator::contains;
    if (compares != (kind == Kind::age)) {
      return problem(compares ? "only seen and created are compared by <, <=, > and >="
                              : "seen and created take <, <=, > or >=");
    }
    if (term.op == FilterOperator::contains) {
      if (kind != Kind::word && kind != Kind::tag) return problem("this field takes = and != only");
      if (std::find(term.values.begin(), term.values.end(), "") != term.values.end())
        return problem("nothing to look for");
    }
    // A word that does not exist would quietly mean no device at all.
    const auto all_among = [&](std::initializer_list<std::string_view> words) {
      return std::all_of(term.values.begin(), term.values.end(), [&](const std::string& value) {
        return std::find(words.begin(), words.end(), value) != words.end();
      });
    };
    if (kind == Kind::yes_no && !all_among({"yes", "no"})) return problem("say yes or no");
    if (kind == Kind::health && !all_among({"online", "degraded", "offline", "never"}))
      return problem("say online, degraded, offline or never");
    if (kind == Kind::compliance && !all_among({"on_target", "behind", "failing", "none"}))
      return problem("say on_target, behind, failing or none");
    if (kind == Kind::age) {
      const auto age = term.values.size() == 1 ? parse_age(term.values.front()) : std::nullopt;
      if (!age) return problem("an age is one number and s, m, h or d, as in 5m");
      term.age_ms = *age;
    }
    return {};
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::string quote(const std::string& value) {
  if (value.empty()) return "-";
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace

Result<Filter> parse_filter(std::string_view text) {
  if (text.size() > kMaxFilterBytes) return fail(ErrorCode::invalid, "filter: longer than 4096 bytes");
  if (text.find('\0') != std::string_view::npos) return fail(ErrorCode::invalid, "filter: a NUL byte");
  return Parser(text).parse();
}

std::string format_filter(const Filter& filter) {
  std::string out;
  for (const FilterTerm& term : filter.terms) {
    if (!out.empty()) out += ' ';
    if (term.negated) out += '!';
    if (term.field == FilterField::tag) {
      out += fmt::format("{}{}", kTagPrefix, term.key);
    } else {
      out += std::find_if(kFields.begin(), kFields.end(), [&](const auto& row) {
               return row.field == term.field;
             })->name;
    }
    out += std::find_if(kOperators.begin(), kOperators.end(), [&](const auto& row) {
             return row.op == term.op && !row.negated;
           })->text;
    for (std::size_t i = 0; i < term.values.size(); ++i) out += (i == 0 ? "" : ",") + quote(term.values[i]);
  }
  return out;
}

}  // namespace stratus::db
