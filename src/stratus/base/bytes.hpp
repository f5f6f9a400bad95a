// Byte vocabulary: views, owned buffers, and the little encodings everything needs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace stratus {

using Bytes = std::vector<std::uint8_t>;
using BytesView = std::span<const std::uint8_t>;

inline BytesView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(BytesView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string to_hex(BytesView bytes);                      // lower case
std::optional<Bytes> from_hex(std::string_view text);     // lower case only, even length
std::string to_base64(BytesView bytes);                   // RFC 4648 section 4, padded
std::optional<Bytes> from_base64(std::string_view text);  // strict: padded, no white space

// "1.5 MB", "20 KB", "312 B": decimal units, for people.
std::string human_bytes(std::uint64_t count);

}  // namespace stratus
