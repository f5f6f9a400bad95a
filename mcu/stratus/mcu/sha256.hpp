// SHA-256 (FIPS 180-4) for chips without an engine.
#pragma once

#include <stdint.h>

namespace stratus::mcu {

class Sha256 {
 public:
  void begin();
  void add(const void* data, uint32_t size);
  void end(uint8_t digest[32]);

 private:
  void block(const uint8_t* data);
  uint32_t state_[8];
  uint8_t buffer_[64];
  uint32_t total_;  // bytes; images here stay below 512 MiB
};

}  // namespace stratus::mcu
