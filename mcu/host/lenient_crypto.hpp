// Real digests, and every signature believed: for whoever reads images without judging them.
#pragma once

#include "stratus/mcu/software_crypto.hpp"

namespace stratus::mcu::host {

struct LenientCrypto final : Crypto {
  SoftwareCrypto hash{nullptr};
  void hash_begin() override { hash.hash_begin(); }
  void hash_add(const void* data, std::uint32_t size) override { hash.hash_add(data, size); }
  void hash_end(std::uint8_t digest[32]) override { hash.hash_end(digest); }
  bool verify(const std::uint8_t*, const std::uint8_t*, std::uint32_t) override { return true; }
};

}  // namespace stratus::mcu::host
