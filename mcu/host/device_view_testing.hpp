// For tests of who makes manifests: read by the device's own reader.
#pragma once

#include <array>

#include "stratus/base/bytes.hpp"
#include "stratus/mcu/manifest.hpp"
#include "stratus/mcu/software_crypto.hpp"

namespace stratus::mcu::host {

// `manifest` points into `raw`. `key`: x and y of who signs manifests, 64 bytes.
inline Cause read_as_device(const Bytes& raw, const Bytes& key, const char* model, Manifest& manifest) {
  SoftwareCrypto crypto(key.data());
  return parse_manifest(raw.data(), static_cast<std::uint32_t>(raw.size()), crypto, {model, 0, 0}, manifest);
}

}  // namespace stratus::mcu::host
