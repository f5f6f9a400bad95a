// Makes signed firmware images, as docs/formats/mcu-image.md describes them. Host side.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string_view>

#include "stratus/base/bytes.hpp"
#include "stratus/base/result.hpp"

namespace stratus::mcu::host {

using RawDigest = std::array<std::uint8_t, 32>;
// DER signature over a SHA-256 digest.
using SignDigest = std::function<Result<Bytes>(const RawDigest&)>;

struct ImageFields {
  std::uint8_t major = 0, minor = 0;
  std::uint16_t revision = 0;
  std::uint32_t build = 0;
  std::uint32_t load_address = 0;
  std::uint16_t header_size = 256;  // the payload starts here; vector tables want 256-byte alignment
  std::uint16_t payload_unit = 16;  // bytes the payload is padded to, with 0xFF
  std::uint32_t security_counter = 0;
  std::string_view model;
};

RawDigest raw_sha256(BytesView data);
// First 16 bytes of SHA-256(model).
std::array<std::uint8_t, 16> board_class_of(std::string_view model);

Result<Bytes> write_image(BytesView payload, const ImageFields& fields, const SignDigest& sign);

}  // namespace stratus::mcu::host
