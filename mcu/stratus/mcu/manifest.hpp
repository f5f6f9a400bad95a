// The device manifest: what a device of one model should run, small (at most 512 bytes) and signed.
//
// "SMM1", u16 length of the fields, fields (type u8, length u8, value), DER signature by the release key over
// all before it. Format: docs/formats/mcu-image.md. The server derives it from the release's OCI manifest.
#pragma once

#include "stratus/mcu/bytes.hpp"
#include "stratus/mcu/cause.hpp"
#include "stratus/mcu/ports.hpp"
#include "stratus/mcu/text.hpp"

namespace stratus::mcu {

constexpr uint32_t kManifestMagic = 0x314d4d53;  // "SMM1"
constexpr uint32_t kManifestLimit = 512;
constexpr uint32_t kMaximumComponents = 4;

enum class ManifestField : uint8_t {
  model = 1,       // text, 1..32 bytes
  version = 2,     // text, 1..32 bytes
  counter = 3,     // u32, security counter of the firmware
  serial = 4,      // u32, grows with every manifest issued
  expires = 5,     // u32, Unix seconds; absent: never
  repository = 6,  // text, 1..64 bytes: blobs are /v2/REPOSITORY/blobs/sha256:HEX
  release = 7,     // SHA-256 of the release's OCI manifest, which reports name; absent: none
  component = 16,  // kind u8 (0: firmware), size u32, digest 32
  delta = 17,      // of the component before: base digest 32, patch digest 32, patch size u32
};                 // 128 and above: ignored when unknown

struct Component {
  uint8_t kind;
  uint32_t size;
  const uint8_t* digest;
  const uint8_t* delta_base;  // null: no delta offered
  const uint8_t* delta_digest;
  uint32_t delta_size;
};

// Points into the raw manifest, which must outlive it.
struct Manifest {
  Text model, version, repository;
  const uint8_t* release;  // null: not said
  uint32_t counter, serial, expires;
  uint32_t components;
  Component component[kMaximumComponents];
};

struct ManifestPolicy {
  const char* model;  // ends with a zero byte
  uint32_t serial_floor;
  uint32_t now;  // Unix seconds, 0 while unknown: expiry is then not judged
};

// The signature is checked before any field is believed.
Cause parse_manifest(const uint8_t* raw, uint32_t size, Crypto& crypto, const ManifestPolicy& policy,
                     Manifest& manifest);

}  // namespace stratus::mcu
