// A device's own key in the hands of OpenSSL, for the tests.
#pragma once

#include "host/p256_key.hpp"

#include "stratus/mcu/bytes.hpp"
#include "stratus/mcu/ports.hpp"

namespace stratus::mcu {

struct TestKey final : DeviceKey {
  host::P256Key key = host::P256Key::generate().value();
  bool fails = false;
  bool public_key(uint8_t xy[64]) override {
    const auto found = key.public_xy();
    memcpy(xy, found.data(), found.size());
    return true;
  }
  uint32_t sign(const uint8_t digest[32], uint8_t* out) override {
    host::RawDigest raw;
    memcpy(raw.data(), digest, raw.size());
    const Bytes made = key.sign(raw).value();
    memcpy(out, made.data(), made.size());
    return fails ? 0 : static_cast<uint32_t>(made.size());
  }
};

}  // namespace stratus::mcu
