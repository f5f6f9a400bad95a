// A SHA-256 content address: "sha256:" and 64 lower-case hex digits (OCI image specification 1.1,
// descriptor.md, "Digests"). Only that one algorithm is accepted. Computing one is in crypto/sha256.hpp.
#pragma once

#include <array>
#include <compare>
#include <functional>
#include <string>
#include <string_view>

#include "stratus/base/bytes.hpp"
#include "stratus/base/result.hpp"

namespace stratus {

class Digest {
 public:
  static constexpr std::size_t kSize = 32;

  Digest() = default;  // all zero: "no digest"; `empty()` is true
  explicit Digest(const std::array<std::uint8_t, kSize>& bytes) : bytes_(bytes) {}

  // Strict: anything but the canonical text is `invalid`.
  static Result<Digest> parse(std::string_view text);

  std::string text() const;                                      // "sha256:…"
  std::string hex() const;                                       // 64 digits
  std::string short_hex() const { return hex().substr(0, 12); }  // for people
  BytesView bytes() const { return bytes_; }
  bool empty() const;

  auto operator<=>(const Digest&) const = default;

 private:
  std::array<std::uint8_t, kSize> bytes_{};
};

}  // namespace stratus

template <>
struct std::hash<stratus::Digest> {
  std::size_t operator()(const stratus::Digest& digest) const noexcept;
};
