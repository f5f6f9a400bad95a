// Firmware images: MCUboot's format (32-byte header, payload, TLV areas), checked from flash.
//
// Required: SHA-256, an ECDSA P-256 signature over it, and in the signed ("protected") area a security
// counter and the class of boards it is for. Unknown TLVs are allowed as in MCUboot; a known one twice is
// not. Format: docs/formats/mcu-image.md.
#pragma once

#include "stratus/mcu/bytes.hpp"
#include "stratus/mcu/cause.hpp"
#include "stratus/mcu/ports.hpp"

namespace stratus::mcu {

constexpr uint32_t kImageMagic = 0x96f3b83d;
constexpr uint16_t kTlvMagic = 0x6907;
constexpr uint16_t kProtectedTlvMagic = 0x6908;
constexpr uint32_t kImageHeaderSize = 32;

enum class Tlv : uint16_t {
  sha256 = 0x10,
  ecdsa_signature = 0x22,
  security_counter = 0x50,
  board_class = 0x81,  // first 16 bytes of SHA-256(model name)
};

struct ImageInfo {
  uint32_t size;  // everything: header, payload, TLV areas
  uint32_t load_address;
  uint32_t header_size;
  uint32_t payload_size;
  uint32_t counter;
  uint8_t version[8];  // major, minor, revision (2), build (4), as in the header
  uint8_t board_class[16];
  uint8_t hash[32];
};

struct ImagePolicy {
  const uint8_t* board_class;  // 16 bytes; never null
  uint32_t counter_floor;
};

// Reads and checks the image at `at`, which may take `limit` bytes. `info` is filled as far as it got.
// Everything is read from flash, nothing from what was received.
Cause verify_image(Flash& flash, uint32_t at, uint32_t limit, Crypto& crypto, const ImagePolicy& policy,
                   ImageInfo& info);

// The form alone, of an image that was verified already or is not to be trusted: where it ends, and what it
// says of itself.
Cause read_image(Flash& flash, uint32_t at, uint32_t limit, ImageInfo& info);

// SHA-256 of `size` bytes of flash.
bool hash_flash(Flash& flash, uint32_t at, uint32_t size, Crypto& crypto, uint8_t digest[32]);

}  // namespace stratus::mcu
