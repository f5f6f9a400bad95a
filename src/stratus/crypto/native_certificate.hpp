// For the platform files of other modules that hold a certificate of OpenSSL's already: decoding one again,
// public key and all, costs more than verifying a signature.
#pragma once

#include "stratus/crypto/certificate_info.hpp"

struct x509_st;

namespace stratus::crypto {

// `invalid` only when memory is short. The certificate stays the caller's.
Result<CertificateInfo> certificate_info_of(x509_st* certificate);

}  // namespace stratus::crypto
