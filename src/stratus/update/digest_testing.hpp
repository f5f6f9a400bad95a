// For tests only: digests that are told apart by a number.
#pragma once

#include <array>
#include <cstdint>

#include "stratus/base/digest.hpp"

namespace stratus::testing {

inline Digest digest_of(std::uint8_t fill) {
  std::array<std::uint8_t, Digest::kSize> bytes{};
  bytes.fill(fill);
  return Digest(bytes);
}

}  // namespace stratus::testing
