// Unsigned integers as in recipes: seven bits a byte, lowest first, the top bit says that more follow
// (LEB128). Only the shortest form is accepted, so that a number has one encoding.
#pragma once

#include <cstdint>

#include "stratus/base/bytes.hpp"

namespace stratus::delta {

inline void append_varint(Bytes& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<std::uint8_t>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<std::uint8_t>(value));
}

// Signed numbers with small magnitudes become small unsigned ones: 0, -1, 1, -2 … → 0, 1, 2, 3 …
inline std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
inline std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

// Takes a varint byte by byte.
class VarintDecoder {
 public:
  enum class Step : std::uint8_t { more, done, malformed };

  Step push(std::uint8_t byte) {
    const unsigned low = byte & 0x7fu;
    if (shift_ == 63 && low > 1) return Step::malformed;
    if (shift_ > 0 && byte == 0) return Step::malformed;  // not the shortest form
    value_ |= static_cast<std::uint64_t>(low) << shift_;
    if ((byte & 0x80u) == 0) return Step::done;
    shift_ += 7;
    return shift_ > 63 ? Step::malformed : Step::more;
  }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0;
  unsigned shift_ = 0;
};

}  // namespace stratus::delta
