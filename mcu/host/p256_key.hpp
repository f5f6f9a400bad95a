// An ECDSA P-256 key pair for signing firmware on the host (OpenSSL).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "host/image_writer.hpp"

namespace stratus::mcu::host {

class P256Key {
 public:
  static Result<P256Key> generate();
  static Result<P256Key> from_pem(std::string_view pem);

  Result<Bytes> sign(const RawDigest& digest) const;  // DER
  std::array<std::uint8_t, 64> public_xy() const;     // as p256_verify wants it
  Result<std::string> pem() const;                    // PKCS#8, not encrypted
  SignDigest signer() const;                          // refers to this key

 private:
  explicit P256Key(std::shared_ptr<void> key) : key_(std::move(key)) {}
  std::shared_ptr<void> key_;
};

}  // namespace stratus::mcu::host
