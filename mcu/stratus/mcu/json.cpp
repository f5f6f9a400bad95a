#include "stratus/mcu/json.hpp"

namespace stratus::mcu {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

const char* skip_space(const char* at, const char* end) {
  while (at != end && is_space(*at)) ++at;
  return at;
}

// `at` stands on the opening quote; behind the closing one, or `end`.
const char* skip_string(const char* at, const char* end) {
  for (++at; at != end; ++at) {
    if (*at == '"') return at + 1;
    if (*at == '\\' && at + 1 != end) ++at;
  }
  return end;
}

const char* skip_value(const char* at, const char* end) {
  uint32_t depth = 0;
  while (at != end) {
    const char c = *at;
    if (c == '"') {
      at = skip_string(at, end);
    } else {
      if (depth == 0 && (c == ',' || c == '}' || c == ']' || is_space(c))) return at;
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      ++at;
      if (c != '}' && c != ']') continue;
    }
    if (depth == 0) return at;
  }
  return at;
}

bool same(const char* data, uint32_t size, const char* wanted) {
  for (uint32_t i = 0; i < size; ++i) {
    if (wanted[i] == 0 || wanted[i] != data[i]) return false;
  }
  return wanted[size] == 0;
}

}  // namespace

bool json_member(const Text& json, const char* name, Text& value) {
  const char* const end = json.data + json.size;
  const char* at = skip_space(json.data, end);
  if (at == end || *at != '{') return false;
  ++at;
  for (;;) {
    at = skip_space(at, end);
    if (at == end || *at != '"') return false;
    const char* const key = at + 1;
    at = skip_string(at, end);
    if (at == end) return false;
    const uint32_t key_size = static_cast<uint32_t>(at - key - 1);
    at = skip_space(at, end);
    if (at == end || *at != ':') return false;
    at = skip_space(at + 1, end);
    const char* const start = at;
    at = skip_value(at, end);
    if (same(key, key_size, name)) {
      uint32_t size = static_cast<uint32_t>(at - start);
      const bool is_string = size >= 2 && *start == '"' && at[-1] == '"';
      value = is_string ? Text{start + 1, size - 2} : Text{start, size};
      return size != 0;
    }
    at = skip_space(at, end);
    if (at == end || *at != ',') return false;
    ++at;
  }
}

bool JsonNumbers::next(uint32_t& number) {
  while (at_ != end_) {
    const char c = *at_++;
    if (c < '0' || c > '9') continue;
    number = static_cast<uint32_t>(c - '0');
    bool fits = true;
    while (at_ != end_ && *at_ >= '0' && *at_ <= '9') {
      const auto digit = static_cast<uint32_t>(*at_++ - '0');
      if (number > (0xffffffffu - digit) / 10) fits = false;
      number = number * 10 + digit;
    }
    if (fits) return true;
  }
  return false;
}

}  // namespace stratus::mcu
