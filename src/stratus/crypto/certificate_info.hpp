// What the project needs to know of an X.509 certificate: whose it is, which one, and for how long.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/base/bytes.hpp"
#include "stratus/base/clock.hpp"
#include "stratus/base/result.hpp"

namespace stratus::crypto {

// Written as the subject's OU by the private CA; decides what a certificate is good for.
enum class CertificateKind : std::uint8_t { device, gateway, server, other };
std::string_view name_of(CertificateKind kind);
CertificateKind parse_certificate_kind(std::string_view name);  // unknown → other

struct CertificateInfo {
  std::string common_name;
  CertificateKind kind = CertificateKind::other;
  std::string serial;       // hex digits, upper case, as `openssl x509 -serial` prints them
  std::string fingerprint;  // SHA-256 of the DER form, 64 hex digits
  std::string key_id;       // SHA-256 of the public key's DER form, 64 hex digits
  WallTime not_before;
  WallTime not_after;
  bool self_signed = false;  // issuer and subject are the same name
};

// The first certificate of a PEM text.
Result<CertificateInfo> parse_certificate(std::string_view pem);
Result<CertificateInfo> parse_certificate_der(BytesView der);
// Every certificate of a PEM text as its own PEM text, in order, at most 32; other blocks are skipped.
std::vector<std::string> split_certificates(std::string_view pem);

}  // namespace stratus::crypto
