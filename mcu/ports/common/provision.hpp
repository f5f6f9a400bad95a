// What a device of the fleet is given before it ever talks: written to flash where it is made or set up.
// Format: docs/formats/mcu-image.md; made by mcu/ports/provision.py.
#pragma once

#include "stratus/mcu/bytes.hpp"
#include "stratus/mcu/ports.hpp"

namespace stratus::mcu {

struct Provision {
  uint32_t magic;    // "SPV1"
  uint32_t crc;      // of everything after it
  uint32_t address;  // of server or gateway: 0x0a000202 for 10.0.2.2
  uint16_t https_port, mqtt_port;
  uint16_t poll_seconds;
  uint16_t root_name_size;
  char server_name[64];        // as in its certificate; zero bytes after it
  char device[64];             // name to enrol under; may be empty
  char code[16];               // one-time code
  char firmware[64];           // name of the firmware that it follows, without "firmware/"
  uint8_t root_key[65];        // of the certificate authority: uncompressed P-256 point
  uint8_t assignment_key[64];  // of the server, for device manifests: x and y
  uint8_t seed[32];            // for the very first random numbers
  uint8_t reserved[3];
  uint8_t root_name[256];  // DER of the authority's subject
};
static_assert(sizeof(Provision) == 648, "a flash format");

inline bool read_provision(Flash& flash, uint32_t at, Provision& p) {
  constexpr uint32_t kMagic = 0x31565053;
  return flash.read(at, &p, sizeof p) && p.magic == kMagic &&
         p.crc == crc32(&p.address, sizeof p - offsetof(Provision, address)) &&
         p.root_name_size <= sizeof p.root_name;
}

}  // namespace stratus::mcu
