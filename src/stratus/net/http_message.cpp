#include "stratus/net/http_message.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace stratus::net {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// Digits only. A number too large for 64 bits is the largest there is: ranges clamp it anyway.
std::optional<std::uint64_t> parse_position(std::string_view text) {
  if (text.empty()) return std::nullopt;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() ? value : std::numeric_limits<std::uint64_t>::max();
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

void Headers::set(std::string name, std::string value) {
  const auto same = [&](const auto& field) { return same_name(field.first, name); };
  fields_.erase(std::remove_if(fields_.begin(), fields_.end(), same), fields_.end());
  add(std::move(name), std::move(value));
}

void Headers::add(std::string name, std::string value) {
  fields_.emplace_back(std::move(name), std::move(value));
}

std::optional<std::string_view> Headers::get(std::string_view name) const {
  for (const auto& [key, value] : fields_) {
    if (same_name(key, name)) return value;
  }
  return std::nullopt;
}

bool list_contains(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const std::string_view item = list.substr(0, comma);
    list.remove_prefix(std::min(comma + 1, list.size()));
    const std::string_view name = trimmed(item.substr(0, item.find(';')));
    if (!same_name(name, token)) continue;
    // "br;q=0" (also 0.0…) is a refusal.
    const std::size_t q = item.find("q=");
    return q == std::string_view::npos || item.find_first_of("123456789", q + 2) != std::string_view::npos;
  }
  return false;
}

std::optional<std::string> RequestHead::query(std::string_view name) const {
  const std::size_t mark = target.find('?');
  if (mark == std::string::npos) return std::nullopt;
  std::string_view rest = std::string_view(target).substr(mark + 1);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (percent_decode(pair.substr(0, equals)) != name) continue;
    return percent_decode(pair.substr(std::min(equals + 1, pair.size())));
  }
  return std::nullopt;
}

RangeVerdict parse_range(std::optional<std::string_view> field, std::uint64_t size, ByteRange& out) {
  constexpr std::string_view kUnit = "bytes=";
  if (!field) return RangeVerdict::whole;
  std::string_view text = trimmed(*field);
  if (text.size() < kUnit.size() || !same_name(text.substr(0, kUnit.size()), kUnit))
    return RangeVerdict::whole;
  text = trimmed(text.substr(kUnit.size()));
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return RangeVerdict::whole;
  const std::string_view before = text.substr(0, dash);
  const std::string_view after = text.substr(dash + 1);

  if (before.empty()) {  // the last n bytes
    const auto suffix = parse_position(after);
    if (!suffix) return RangeVerdict::whole;
    if (*suffix == 0 || size == 0) return RangeVerdict::unsatisfiable;
    out.length = std::min(*suffix, size);
    out.first = size - out.length;
    return RangeVerdict::partial;
  }
  const auto first = parse_position(before);
  const auto last = after.empty() ? std::numeric_limits<std::uint64_t>::max() : parse_position(after);
  if (!first || !last || *first > *last) return RangeVerdict::whole;
  if (*first >= size) return RangeVerdict::unsatisfiable;
  out.first = *first;
  out.length = std::min(*last, size - 1) - *first + 1;
  return RangeVerdict::partial;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0 || (high == 0 && low == 0)) return std::nullopt;
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return out.find('\0') == std::string::npos ? std::optional(std::move(out)) : std::nullopt;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return out;
}

}  // namespace stratus::net
