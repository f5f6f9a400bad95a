// The Crypto port without hardware help.
#pragma once

#include "stratus/mcu/p256.hpp"
#include "stratus/mcu/ports.hpp"
#include "stratus/mcu/sha256.hpp"

namespace stratus::mcu {

class SoftwareCrypto final : public Crypto {
 public:
  // `release_key`: x and y of the public key, 64 bytes, kept by reference.
  explicit SoftwareCrypto(const uint8_t* release_key) : key_(release_key) {}

  void hash_begin() override { hash_.begin(); }
  void hash_add(const void* data, uint32_t size) override { hash_.add(data, size); }
  void hash_end(uint8_t digest[32]) override { hash_.end(digest); }
  bool verify(const uint8_t digest[32], const uint8_t* signature, uint32_t size) override {
    return p256_verify(key_, digest, signature, size);
  }

 private:
  const uint8_t* key_;
  Sha256 hash_;
};

}  // namespace stratus::mcu
