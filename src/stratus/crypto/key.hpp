// ECDSA P-256 keys: the only kind that releases are signed with. SHA-256 over the message, signatures in DER.
// Values that share the key; copies are cheap, const use from any thread is fine.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "stratus/base/bytes.hpp"
#include "stratus/base/result.hpp"

namespace stratus::crypto {

class PublicKey {
 public:
  // PEM "PUBLIC KEY" (SubjectPublicKeyInfo); any other algorithm or curve is `invalid`.
  static Result<PublicKey> from_pem(std::string_view pem);
  static Result<PublicKey> load(const std::filesystem::path& file);
  // A SubjectPublicKeyInfo in DER: named curve, uncompressed point, nothing behind it.
  static Result<PublicKey> from_der(BytesView spki);

  // Success only for a signature over exactly these bytes, in canonical DER; anything else is `denied`.
  Result<void> verify(BytesView message, BytesView signature) const;
  // SHA-256 of the SubjectPublicKeyInfo in DER, 64 hex digits.
  std::string id() const;
  std::string pem() const;
  Bytes der() const;  // SubjectPublicKeyInfo

  // For platform files: the EVP_PKEY.
  void* native() const { return key_.get(); }

 private:
  friend class SigningKey;
  explicit PublicKey(std::shared_ptr<void> key) : key_(std::move(key)) {}
  std::shared_ptr<void> key_;  // an EVP_PKEY
};

class SigningKey {
 public:
  static Result<SigningKey> generate();
  // PEM "PRIVATE KEY" (PKCS #8) or "EC PRIVATE KEY", not encrypted.
  static Result<SigningKey> from_pem(std::string_view pem);
  static Result<SigningKey> load(const std::filesystem::path& file);

  Result<Bytes> sign(BytesView message) const;
  PublicKey public_key() const;
  std::string pem() const;  // PKCS #8: a secret
  // Makes `file` with mode 0600; `conflict` when there is one: a key is never overwritten.
  Result<void> save(const std::filesystem::path& file) const;

  // For platform files: the EVP_PKEY.
  void* native() const { return key_.get(); }

 private:
  explicit SigningKey(std::shared_ptr<void> key) : key_(std::move(key)) {}
  std::shared_ptr<void> key_;
};

}  // namespace stratus::crypto
