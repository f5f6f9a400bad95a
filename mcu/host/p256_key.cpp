#include "host/p256_key.hpp"

#include <algorithm>
#include <string>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

namespace stratus::mcu::host {
namespace {

EVP_PKEY* native(const std::shared_ptr<void>& key) { return static_cast<EVP_PKEY*>(key.get()); }
std::shared_ptr<void> owned(EVP_PKEY* key) {
  return {key, [](void* p) { EVP_PKEY_free(static_cast<EVP_PKEY*>(p)); }};
}

}  // namespace

Result<P256Key> P256Key::generate() {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  if (key == nullptr) return fail(ErrorCode::internal, "OpenSSL made no P-256 key");
  return P256Key(owned(key));
}

Result<P256Key> P256Key::from_pem(std::string_view pem) {
  const std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
                                                BIO_free);
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr);
  if (key == nullptr) return fail(ErrorCode::invalid, "not a private key in PEM");
  P256Key result(owned(key));
  char group[32] = {};
  EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, nullptr);
  if (std::string_view(group) != "prime256v1") return fail(ErrorCode::invalid, "not a P-256 key");
  return result;
}

Result<Bytes> P256Key::sign(const RawDigest& digest) const {
  const std::unique_ptr<EVP_PKEY_CTX, void (*)(EVP_PKEY_CTX*)> context(
      EVP_PKEY_CTX_new(native(key_), nullptr), EVP_PKEY_CTX_free);
  std::size_t size = 80;
  Bytes out(size);
  if (EVP_PKEY_sign_init(context.get()) != 1 ||
      EVP_PKEY_sign(context.get(), out.data(), &size, digest.data(), digest.size()) != 1) {
    return fail(ErrorCode::internal, "OpenSSL could not sign");
  }
  out.resize(size);
  return out;
}

std::array<std::uint8_t, 64> P256Key::public_xy() const {
  std::array<std::uint8_t, 65> point = {};
  std::size_t size = 0;
  EVP_PKEY_get_octet_string_param(native(key_), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size(), &size);
  std::array<std::uint8_t, 64> xy;
  std::copy_n(point.begin() + 1, xy.size(), xy.begin());  // after the 4 of "uncompressed"
  return xy;
}

Result<std::string> P256Key::pem() const {
  const std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new(BIO_s_mem()), BIO_free);
  if (PEM_write_bio_PKCS8PrivateKey(bio.get(), native(key_), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return fail(ErrorCode::internal, "OpenSSL could not write the key");
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

SignDigest P256Key::signer() const {
  return [key = *this](const RawDigest& digest) { return key.sign(digest); };
}

}  // namespace stratus::mcu::host
