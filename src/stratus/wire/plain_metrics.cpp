#include "stratus/wire/plain_metrics.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <iterator>
#include <span>
#include <utility>

#include <fmt/format.h>

namespace stratus::wire {
namespace {

struct Member {
  std::string_view name, number;
  bool whole = false;
};

constexpr std::size_t kMostMembers = 32;
constexpr std::size_t kPlainDigits = 14;  // whole numbers of so many, times too, need no second look

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_in_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == '.' || c == '-';
}

// Reads one object of numbers under plain names, which is what devices send. Whatever else it meets (inner
// objects, texts, escapes, a fault) is not its business: it gives up.
class FlatObject {
 public:
  explicit FlatObject(std::string_view text) : rest_(text) {}

  bool read() {
    if (!take('{')) return false;
    if (!take('}')) {
      do {
        if (count_ == kMostMembers || !read_member(members_[count_]) || is_known()) return false;
        ++count_;
      } while (take(','));
      if (!take('}')) return false;
    }
    skip_blanks();
    return rest_.empty();
  }

  std::span<const Member> members() const { return std::span(members_).first(count_); }

 private:
  void skip_blanks() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\n' || rest_[0] == '\t' || rest_[0] == '\r'))
      rest_.remove_prefix(1);
  }
  bool take(char wanted) {
    skip_blanks();
    if (rest_.empty() || rest_[0] != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::size_t digits_at(std::size_t at) const {
    std::size_t end = at;
    while (end < rest_.size() && is_digit(rest_[end])) ++end;
    return end - at;
  }

  bool read_member(Member& member) {
    if (!take('"')) return false;
    std::size_t size = 0;
    while (size < rest_.size() && is_in_name(rest_[size])) ++size;
    if (size == 0 || size > MetricSample::kMaxName) return false;
    member.name = rest_.substr(0, size);
    rest_.remove_prefix(size);
    if (rest_.empty() || rest_[0] != '"') return false;
    rest_.remove_prefix(1);
    return take(':') && read_number(member);
  }

  // RFC 8259: no sign but a minus, no needless zeros, digits around a point.
  bool read_number(Member& member) {
    skip_blanks();
    std::size_t at = !rest_.empty() && rest_[0] == '-' ? 1 : 0;
    const std::size_t digits = digits_at(at);
    if (digits == 0 || (digits > 1 && rest_[at] == '0')) return false;
    at += digits;
    member.whole = true;
    if (at < rest_.size() && rest_[at] == '.') {
      const std::size_t fraction = digits_at(at + 1);
      if (fraction == 0) return false;
      at += 1 + fraction;
      member.whole = false;
    }
    if (at < rest_.size() && (rest_[at] == 'e' || rest_[at] == 'E')) return false;
    member.number = rest_.substr(0, at);
    rest_.remove_prefix(at);
    return true;
  }

  bool is_known() const {
    for (std::size_t i = 0; i < count_; ++i) {
      if (members_[i].name == members_[count_].name) return true;
    }
    return false;
  }

  std::string_view rest_;
  std::array<Member, kMostMembers> members_;
  std::size_t count_ = 0;
};

bool read_whole(const Member& member, std::uint64_t& into) {
  if (!member.whole || member.number.size() > kPlainDigits || member.number[0] == '-') return false;
  return std::from_chars(member.number.data(), member.number.data() + member.number.size(), into).ec ==
         std::errc();
}

bool append_member(std::string& body, const Member& member) {
  double number = 0;
  const bool as_it_is = member.whole && member.number.size() <= kPlainDigits && member.number != "-0";
  if (!as_it_is) {
    const char* const end = member.number.data() + member.number.size();
    if (std::from_chars(member.number.data(), end, number).ec != std::errc()) return false;
  }
  body += body.empty() ? "{\"" : ",\"";
  body.append(member.name).append("\":");
  if (as_it_is) {
    body.append(member.number);
  } else {
    append_number(body, number);
  }
  return true;
}

bool read_flat(std::string_view text, PlainMetrics& into) {
  FlatObject object(text);
  if (text.size() > kMaxDeviceMessage || !object.read()) return false;
  into.body.reserve(text.size());
  for (const Member& member : object.members()) {
    bool read = false;
    if (member.name == "seq") {
      read = read_whole(member, into.envelope.seq);
    } else if (member.name == "time_ms") {
      read = read_whole(member, into.envelope.time_ms);
    } else {
      read = append_member(into.body, member);
    }
    if (!read) return false;
  }
  into.body += into.body.empty() ? "{}" : "}";
  return true;
}

}  // namespace

void append_number(std::string& text, double number) {
  if (number == std::floor(number) && std::abs(number) < 9e15) {
    fmt::format_to(std::back_inserter(text), "{}", static_cast<std::int64_t>(number));
  } else {
    fmt::format_to(std::back_inserter(text), "{}", number);
  }
}

Result<PlainMetrics> plain_metrics(std::string_view text) {
  PlainMetrics plain;
  if (read_flat(text, plain)) return plain;
  STRATUS_TRY(sample, parse_metrics(text));
  plain.envelope = std::exchange(sample.envelope, {});
  plain.body = encode_metrics(sample);
  return plain;
}

}  // namespace stratus::wire
