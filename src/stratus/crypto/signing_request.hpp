// PKCS #10 certificate signing requests (RFC 2986): made on the device, read by the CA with a strict profile.
//
// A request only says which key is to be certified, and proves that the sender has it. Whose certificate it
// becomes is decided from the TLS session or the registration code, never from here.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "stratus/base/result.hpp"
#include "stratus/crypto/key.hpp"

namespace stratus::crypto {

inline constexpr std::size_t kMaxSigningRequest = 4096;  // bytes, PEM or DER

struct SigningRequest {
  std::string common_name;  // "" when the subject is empty
  PublicKey key;
};

// PEM (one block, nothing but white space around it) or DER. `invalid` for anything outside the profile:
// larger than kMaxSigningRequest, not canonical DER, another key than P-256 with a named curve, a signature
// that is not ecdsa-with-SHA256 or not by that key, a subject with more than one CN of 1 to 64 printable
// ASCII characters, or any wish but basicConstraints CA:FALSE, keyUsage digitalSignature, extendedKeyUsage
// clientAuth and a subjectAltName that is the CN itself.
Result<SigningRequest> parse_signing_request(std::string_view text);

// PEM. An empty name leaves the choice to the CA.
Result<std::string> make_signing_request(const SigningKey& key, std::string_view common_name);

}  // namespace stratus::crypto
