// For tests only: a certificate as OpenSSL sees it.
#pragma once

#include <string>

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "stratus/crypto/platform/openssl/handles.hpp"

namespace stratus::crypto {

inline openssl::Handle<X509> read_certificate(const std::string& pem) {
  const auto bio = openssl::read_from(pem);
  return openssl::Handle<X509>(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

}  // namespace stratus::crypto
