#include "stratus/base/digest.hpp"

#include <algorithm>
#include <cstring>

namespace stratus {

Result<Digest> Digest::parse(std::string_view text) {
  constexpr std::string_view prefix = "sha256:";
  if (text.starts_with(prefix)) {
    if (const auto bytes = from_hex(text.substr(prefix.size())); bytes && bytes->size() == kSize) {
      Digest digest;
      std::copy(bytes->begin(), bytes->end(), digest.bytes_.begin());
      return digest;
    }
  }
  return fail(ErrorCode::invalid, "not a digest (sha256: and 64 lower-case hex digits): '" +
                                      std::string(text.substr(0, 100)) + "'");
}

std::string Digest::text() const { return "sha256:" + hex(); }
std::string Digest::hex() const { return to_hex(bytes_); }

bool Digest::empty() const {
  return std::all_of(bytes_.begin(), bytes_.end(), [](std::uint8_t byte) { return byte == 0; });
}

}  // namespace stratus

std::size_t std::hash<stratus::Digest>::operator()(const stratus::Digest& digest) const noexcept {
  std::size_t value = 0;  // a digest is uniformly distributed already
  std::memcpy(&value, digest.bytes().data(), sizeof value);
  return value;
}
