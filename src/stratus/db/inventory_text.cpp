// The texts people give: codes, names, tags.
#include <algorithm>

#include <fmt/format.h>

#include "stratus/db/inventory.hpp"

namespace stratus::db {
namespace {

constexpr std::size_t kMaxName = 128, kMaxTags = 32, kMaxKey = 32;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool is_tag_key(std::string_view key) {
  return !key.empty() && key.size() <= kMaxKey && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
}

}  // namespace

bool is_code(std::string_view text) {
  return !text.empty() && text.size() <= 32 && text != "-" &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

Result<void> check_name(std::string_view what, std::string_view text, bool may_be_empty) {
  if (text.empty() && !may_be_empty)
    return fail(ErrorCode::invalid, fmt::format("{}: must not be empty", what));
  if (text.size() > kMaxName)
    return fail(ErrorCode::invalid, fmt::format("{}: at most {} bytes", what, kMaxName));
  if (std::any_of(text.begin(), text.end(), is_control)) {
    return fail(ErrorCode::invalid, fmt::format("{}: no control characters", what));
  }
  return {};
}

Result<void> check_tags(const Tags& tags) {
  if (tags.size() > kMaxTags) return fail(ErrorCode::invalid, fmt::format("tags: at most {}", kMaxTags));
  for (const auto& [key, value] : tags) {
    if (!is_tag_key(key)) {
      return fail(ErrorCode::invalid, fmt::format("tags: a key has 1 to {} of a-z 0-9 . _ -", kMaxKey));
    }
    STRATUS_CHECK(check_name("tags." + key, value, true));
  }
  return {};
}

std::string encode_tags(const Tags& tags) {
  std::string out;
  for (const auto& [key, value] : tags) out += fmt::format("{}{}={}", out.empty() ? "" : "\n", key, value);
  return out;
}

Tags decode_tags(std::string_view text) {
  Tags tags;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::size_t sign = line.find('=');
    if (sign != std::string_view::npos) tags.emplace(line.substr(0, sign), line.substr(sign + 1));
  }
  return tags;
}

}  // namespace stratus::db
