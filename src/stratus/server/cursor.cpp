#include "stratus/server/cursor.hpp"

#include <charconv>

#include "stratus/base/bytes.hpp"
#include "stratus/base/result.hpp"

namespace stratus::server {

std::string encode_cursor(const std::vector<std::string>& parts) {
  std::string joined;
  for (const std::string& part : parts) joined += std::to_string(part.size()) + ":" + part;
  std::string text = to_base64(as_bytes(joined));
  while (!text.empty() && text.back() == '=') text.pop_back();
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text;
}

Result<std::vector<std::string>> decode_cursor(std::string_view text, std::size_t count) {
  const auto refuse = [] { return fail(ErrorCode::invalid, "not a cursor of this list", "bad_cursor"); };
  if (text.size() > 1024) return refuse();
  std::string padded(text);
  for (char& c : padded) c = c == '-' ? '+' : c == '_' ? '/' : c;
  padded.append((4 - padded.size() % 4) % 4, '=');
  const auto bytes = from_base64(padded);
  if (!bytes) return refuse();
  std::string_view rest = as_text(*bytes);
  std::vector<std::string> parts;
  while (!rest.empty()) {
    std::size_t size = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), size);
    const auto digits = static_cast<std::size_t>(end - rest.data());
    if (error != std::errc() || digits == rest.size() || *end != ':') return refuse();
    rest.remove_prefix(digits + 1);
    if (size > rest.size()) return refuse();
    parts.emplace_back(rest.substr(0, size));
    rest.remove_prefix(size);
  }
  if (parts.size() != count) return refuse();
  return parts;
}

}  // namespace stratus::server
