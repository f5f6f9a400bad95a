// Certificate requests (PKCS#10, RFC 2986) for the device's own P-256 key, and the certificates that come
// back.
#pragma once

#include "stratus/mcu/ports.hpp"
#include "stratus/mcu/text.hpp"

namespace stratus::mcu {

constexpr uint32_t kMaximumDevice = 64;         // bytes of a device's name
constexpr uint32_t kSpkiSize = 91;              // SubjectPublicKeyInfo of a P-256 key
constexpr uint32_t kMaximumCertificate = 1024;  // bytes, DER

void write_spki(const uint8_t xy[64], uint8_t spki[kSpkiSize]);

// Appends the request in PEM, lines ended by the two characters "\n" as inside a JSON string. `device` may be
// empty: the server then gives a name. False when the key failed; whether it fitted says `out`.
bool write_csr(const char* device, DeviceKey& key, Crypto& crypto, TextWriter& out);

// The answer to an enrolment or a renewal (docs/formats/identity.md), read as it arrives: the certificate and
// the one above it in DER, and the name that the device has now.
class CertificateAnswer final : public ByteSink {
 public:
  bool write(const uint8_t* data, uint32_t size) override;
  // Everything was there and fitted.
  bool complete() const;

  char device[kMaximumDevice + 1] = {};
  uint8_t certificate[kMaximumCertificate];
  uint8_t chain[kMaximumCertificate];
  uint32_t certificate_size = 0, chain_size = 0;
  uint32_t renew_after = 0;  // Unix seconds; 0: not said

 private:
  enum class Field : uint8_t { none, device, certificate, chain, renew };
  bool take(char c);
  bool take_value(char c);
  void take_digit(char c);
  bool take_pem(char c, uint8_t* to, uint32_t& size);
  bool put(uint8_t* to, uint32_t& size, uint8_t byte);

  Field field_ = Field::none;
  bool in_string_ = false, escape_ = false, is_value_ = false;
  uint8_t depth_ = 0, key_size_ = 0, dashes_ = 0, bits_ = 0;
  uint32_t device_size_ = 0, held_ = 0;
  char key_[14];
  uint8_t digits_[3] = {};  // the last of a number: milliseconds
  uint8_t digit_count_ = 0;
};

}  // namespace stratus::mcu
