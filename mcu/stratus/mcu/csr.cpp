#include "stratus/mcu/csr.hpp"

namespace stratus::mcu {
namespace {

// AlgorithmIdentifier of P-256 keys, then the head of the BIT STRING with an uncompressed point.
constexpr uint8_t kSpkiHead[27] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                   0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                   0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
constexpr uint8_t kEcdsaWithSha256[12] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                          0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
constexpr uint8_t kCommonName[5] = {0x06, 0x03, 0x55, 0x04, 0x03};

uint8_t* put(uint8_t* at, const uint8_t* data, uint32_t size) {
  memcpy(at, data, size);
  return at + size;
}

// Tag and length; the content follows.
uint8_t* put_head(uint8_t* at, uint8_t tag, uint32_t size) {
  *at++ = tag;
  if (size >= 256) {
    *at++ = 0x82;
    *at++ = static_cast<uint8_t>(size >> 8);
  } else if (size >= 128) {
    *at++ = 0x81;
  }
  *at++ = static_cast<uint8_t>(size);
  return at;
}

void put_pem(TextWriter& out, const uint8_t* der, uint32_t size) {
  out.text("-----BEGIN CERTIFICATE REQUEST-----\\n");
  for (uint32_t at = 0; at < size; at += 48) {
    out.base64(der + at, size - at < 48 ? size - at : 48).text("\\n");
  }
  out.text("-----END CERTIFICATE REQUEST-----\\n");
}

int32_t base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

}  // namespace

void write_spki(const uint8_t xy[64], uint8_t spki[kSpkiSize]) {
  memcpy(spki, kSpkiHead, sizeof kSpkiHead);
  memcpy(spki + sizeof kSpkiHead, xy, 64);
}

bool write_csr(const char* device, DeviceKey& key, Crypto& crypto, TextWriter& out) {
  uint8_t xy[64], spki[kSpkiSize];
  const uint32_t name = length_of(device);
  if (name > kMaximumDevice || !key.public_key(xy)) return false;
  write_spki(xy, spki);

  // CertificationRequestInfo: version 0, subject, key, no attributes.
  const uint32_t atv = 5 + 2 + name;                      // OID, UTF8String
  const uint32_t subject = name != 0 ? 2 + 2 + atv : 0;   // SET { SEQUENCE { atv } }
  const uint32_t info = 3 + 2 + subject + kSpkiSize + 2;  // what the outer SEQUENCE holds
  uint8_t der[3 + 3 + 2 + 4 + 7 + kMaximumDevice + kSpkiSize + 2 + 12 + 3 + 72 + 8];
  uint8_t* const body = der + 4;  // room for the outermost head
  uint8_t* at = put_head(body, 0x30, info);
  at = put(at, reinterpret_cast<const uint8_t*>("\x02\x01\x00"), 3);
  at = put_head(at, 0x30, subject);
  if (name != 0) {
    at = put_head(at, 0x31, 2 + atv);
    at = put_head(at, 0x30, atv);
    at = put(at, kCommonName, sizeof kCommonName);
    at = put_head(at, 0x0c, name);
    at = put(at, reinterpret_cast<const uint8_t*>(device), name);
  }
  at = put(at, spki, sizeof spki);
  at = put(at, reinterpret_cast<const uint8_t*>("\xa0\x00"), 2);

  uint8_t digest[32], signature[72];
  crypto.hash_begin();
  crypto.hash_add(body, static_cast<uint32_t>(at - body));
  crypto.hash_end(digest);
  const uint32_t signature_size = key.sign(digest, signature);
  if (signature_size == 0 || signature_size > sizeof signature) return false;
  at = put(at, kEcdsaWithSha256, sizeof kEcdsaWithSha256);
  at = put_head(at, 0x03, signature_size + 1);
  *at++ = 0;
  at = put(at, signature, signature_size);

  const uint32_t size = static_cast<uint32_t>(at - body);
  uint8_t head[4];
  const uint32_t head_size = static_cast<uint32_t>(put_head(head, 0x30, size) - head);
  memcpy(body - head_size, head, head_size);
  put_pem(out, body - head_size, head_size + size);
  return true;
}

bool CertificateAnswer::put(uint8_t* to, uint32_t& size, uint8_t byte) {
  if (size == kMaximumCertificate) return false;
  to[size++] = byte;
  return true;
}

// Only the first certificate of a value counts: between the tenth dash, which ends its first line, and the
// next.
bool CertificateAnswer::take_pem(char c, uint8_t* to, uint32_t& size) {
  if (c == '-' && dashes_ < 11) ++dashes_;
  if (dashes_ != 10) return true;
  const int32_t digit = base64_digit(c);
  if (digit < 0) return true;  // the dash itself, line ends, padding
  held_ = held_ << 6 | static_cast<uint32_t>(digit);
  bits_ = static_cast<uint8_t>(bits_ + 6);
  if (bits_ < 8) return true;
  bits_ = static_cast<uint8_t>(bits_ - 8);
  return put(to, size, static_cast<uint8_t>(held_ >> bits_));
}

bool CertificateAnswer::take_value(char c) {
  switch (field_) {
    case Field::none:
    case Field::renew:
      return true;
    case Field::certificate:
      return take_pem(c, certificate, certificate_size);
    case Field::chain:
      return take_pem(c, chain, chain_size);
    case Field::device:
      break;
  }
  const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
                     c == '_' || c == ':' || c == '-';
  if (!plain || device_size_ == kMaximumDevice) return false;
  device[device_size_++] = c;
  return true;
}

// Milliseconds arrive; seconds are kept: each digit counts once three more have come.
void CertificateAnswer::take_digit(char c) {
  if (c < '0' || c > '9') return;
  if (digit_count_ >= 3) renew_after = renew_after * 10 + digits_[0];
  digits_[0] = digits_[1];
  digits_[1] = digits_[2];
  digits_[2] = static_cast<uint8_t>(c - '0');
  if (digit_count_ < 3) ++digit_count_;
}

bool CertificateAnswer::take(char c) {
  if (!in_string_) {
    if (field_ == Field::renew && is_value_ && depth_ == 1) take_digit(c);
    if (c == '{' || c == '[') {
      if (++depth_ == 0) return false;
      is_value_ = false;
    } else if (c == '}' || c == ']') {
      if (depth_-- == 0) return false;
    } else if (c == ':') {
      is_value_ = true;
    } else if (c == ',') {
      is_value_ = false;
      field_ = Field::none;
    } else if (c == '"') {
      in_string_ = true;
      key_size_ = dashes_ = bits_ = 0;
    }
    return true;
  }
  if (escape_) {  // "\n" and "\/" are all that occurs where we look
    escape_ = false;
    return c != '/' || !is_value_ || depth_ != 1 || take_value(c);
  }
  if (c == '\\') {
    escape_ = true;
    return true;
  }
  if (c != '"') {
    if (is_value_) return depth_ != 1 || take_value(c);
    if (key_size_ < sizeof key_) key_[key_size_++] = c;
    return true;
  }
  in_string_ = false;
  if (is_value_ || depth_ != 1) return true;
  // A member that comes twice would be read twice: the sizes say no.
  if (key_size_ == 6 && memcmp(key_, "device", 6) == 0) field_ = Field::device;
  if (key_size_ == 11 && memcmp(key_, "certificate", 11) == 0) field_ = Field::certificate;
  if (key_size_ == 14 && memcmp(key_, "renew_after_ms", 14) == 0) field_ = Field::renew;
  if (key_size_ == 5 && memcmp(key_, "chain", 5) == 0) field_ = Field::chain;
  return true;
}

bool CertificateAnswer::write(const uint8_t* data, uint32_t size) {
  for (uint32_t i = 0; i < size; ++i) {
    if (!take(static_cast<char>(data[i]))) return false;
  }
  return true;
}

bool CertificateAnswer::complete() const {
  const auto is_der = [](const uint8_t* der, uint32_t size) {
    return size > 4 && der[0] == 0x30 && der[1] == 0x82 &&
           size == 4u + (static_cast<uint32_t>(der[2]) << 8 | der[3]);
  };
  return depth_ == 0 && !in_string_ && device_size_ != 0 && is_der(certificate, certificate_size) &&
         is_der(chain, chain_size);
}

}  // namespace stratus::mcu
