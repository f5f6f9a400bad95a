#include "stratus/crypto/key.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stratus/base/file.hpp"
#include "stratus/crypto/platform/openssl/handles.hpp"
#include "stratus/crypto/sha256.hpp"

namespace stratus::crypto {
namespace {

using openssl::Handle;
using openssl::last_error;

constexpr std::uint64_t kMaxPem = 64u << 10;
constexpr long kMaxSignature = 72;  // two 33-byte integers and their frames

EVP_PKEY* pkey(const std::shared_ptr<void>& key) { return static_cast<EVP_PKEY*>(key.get()); }

std::shared_ptr<void> share(Handle<EVP_PKEY> key) {
  return std::shared_ptr<void>(key.release(),
                               [](void* object) { EVP_PKEY_free(static_cast<EVP_PKEY*>(object)); });
}

// Never asks a terminal for a pass phrase.
int no_passphrase(char*, int, int, void*) { return 0; }

Result<void> check_p256(EVP_PKEY* key) {
  char group[32] = "";
  std::size_t length = 0;
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC ||
      EVP_PKEY_get_group_name(key, group, sizeof group, &length) != 1 ||
      std::strcmp(group, "prime256v1") != 0) {
    return fail(ErrorCode::invalid, "not an ECDSA P-256 key");
  }
  return {};
}

// Everything before the point of a SubjectPublicKeyInfo in DER: the same for every P-256 key in the one form
// that is accepted. OpenSSL 3.0 takes longer to find an encoder or decoder for the whole than to sign.
constexpr std::array<std::uint8_t, 26> kPrefix{0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                               0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                               0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};
constexpr std::size_t kPoint = 65;  // bytes of an uncompressed one
constexpr std::uint8_t kUncompressed = 4;

Bytes spki_of(EVP_PKEY* key) {
  unsigned char* data = nullptr;
  Bytes out;
  const std::size_t point = EVP_PKEY_get1_encoded_public_key(key, &data);
  if (point == kPoint && data[0] == kUncompressed) {
    out.assign(kPrefix.begin(), kPrefix.end());
    out.insert(out.end(), data, data + point);
    OPENSSL_free(data);
    return out;
  }
  OPENSSL_free(data);
  data = nullptr;
  const int length = i2d_PUBKEY(key, &data);  // a key that was stored with a compressed point
  if (length > 0) out.assign(data, data + length);
  OPENSSL_free(data);
  return out;
}

// The same signature must not have two spellings: decoded and encoded again it gives the same bytes.
bool is_canonical_der(BytesView signature) {
  if (signature.empty() || signature.size() > static_cast<std::size_t>(kMaxSignature)) return false;
  const unsigned char* at = signature.data();
  const Handle<ECDSA_SIG> decoded(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(signature.size())));
  ERR_clear_error();
  if (!decoded) return false;
  unsigned char* encoded = nullptr;
  const int length = i2d_ECDSA_SIG(decoded.get(), &encoded);
  const bool same = length >= 0 && std::equal(signature.begin(), signature.end(), encoded, encoded + length);
  OPENSSL_free(encoded);
  return same;
}

}  // namespace

Result<PublicKey> PublicKey::from_pem(std::string_view pem) {
  const auto bio = openssl::read_from(pem);
  Handle<EVP_PKEY> key(PEM_read_bio_PUBKEY(bio.get(), nullptr, no_passphrase, nullptr));
  if (!key) return fail(last_error(ErrorCode::invalid, "not a public key in PEM form"));
  STRATUS_CHECK(check_p256(key.get()));
  return PublicKey(share(std::move(key)));
}

Result<PublicKey> PublicKey::load(const std::filesystem::path& file) {
  STRATUS_TRY(pem, read_file(file, kMaxPem));
  return from_pem(pem).with_context(file.string());
}

Result<void> PublicKey::verify(BytesView message, BytesView signature) const {
  if (!is_canonical_der(signature)) return fail(ErrorCode::denied, "the signature is malformed");
  const Handle<EVP_MD_CTX> context(EVP_MD_CTX_new());
  const bool good =
      context && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, pkey(key_)) == 1 &&
      EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size()) ==
          1;
  ERR_clear_error();
  if (!good) return fail(ErrorCode::denied, "the signature does not match what it is said to sign");
  return {};
}

Result<PublicKey> PublicKey::from_der(BytesView spki) {
  if (spki.size() != kPrefix.size() + kPoint || spki[kPrefix.size()] != kUncompressed ||
      !std::equal(kPrefix.begin(), kPrefix.end(), spki.begin())) {
    return fail(ErrorCode::invalid, "not an ECDSA P-256 key (named curve, uncompressed point)");
  }
  Bytes point(spki.begin() + kPrefix.size(), spki.end());
  char group[] = "prime256v1";
  std::array<OSSL_PARAM, 3> parameters{
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
      OSSL_PARAM_construct_end()};
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
      EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr), &EVP_PKEY_CTX_free);
  EVP_PKEY* made = nullptr;
  const bool good = context && EVP_PKEY_fromdata_init(context.get()) == 1 &&
                    EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters.data()) == 1;
  Handle<EVP_PKEY> key(made);
  if (!good) return fail(last_error(ErrorCode::invalid, "not a P-256 public key"));
  STRATUS_CHECK(check_p256(key.get()));
  return PublicKey(share(std::move(key)));
}

Bytes PublicKey::der() const { return spki_of(pkey(key_)); }

std::string PublicKey::id() const { return sha256(spki_of(pkey(key_))).hex(); }

std::string PublicKey::pem() const {
  const auto bio = openssl::new_buffer();
  PEM_write_bio_PUBKEY(bio.get(), pkey(key_));
  return openssl::text_of(bio.get());
}

Result<SigningKey> SigningKey::generate() {
  Handle<EVP_PKEY> key(EVP_EC_gen("P-256"));
  if (!key) return fail(last_error(ErrorCode::internal, "cannot generate a P-256 key"));
  return SigningKey(share(std::move(key)));
}

Result<SigningKey> SigningKey::from_pem(std::string_view pem) {
  const auto bio = openssl::read_from(pem);
  Handle<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (!key) return fail(last_error(ErrorCode::invalid, "not an unencrypted private key in PEM form"));
  STRATUS_CHECK(check_p256(key.get()));
  return SigningKey(share(std::move(key)));
}

Result<SigningKey> SigningKey::load(const std::filesystem::path& file) {
  STRATUS_TRY(pem, read_file(file, kMaxPem));
  return from_pem(pem).with_context(file.string());
}

Result<Bytes> SigningKey::sign(BytesView message) const {
  const Handle<EVP_MD_CTX> context(EVP_MD_CTX_new());
  Bytes out(static_cast<std::size_t>(kMaxSignature));
  std::size_t length = out.size();
  if (!context || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, pkey(key_)) != 1 ||
      EVP_DigestSign(context.get(), out.data(), &length, message.data(), message.size()) != 1) {
    return fail(last_error(ErrorCode::internal, "cannot sign"));
  }
  out.resize(length);
  return out;
}

PublicKey SigningKey::public_key() const { return PublicKey(key_); }

std::string SigningKey::pem() const {
  const auto bio = openssl::new_buffer();
  PEM_write_bio_PKCS8PrivateKey(bio.get(), pkey(key_), nullptr, nullptr, 0, nullptr, nullptr);
  return openssl::text_of(bio.get());
}

Result<void> SigningKey::save(const std::filesystem::path& file) const {
  STRATUS_TRY(fd, open_file(file, O_WRONLY | O_CREAT | O_EXCL, 0600));
  if (::fchmod(fd.get(), 0600) != 0) return fail(Error::from_errno("chmod " + file.string()));
  const std::string text = pem();
  STRATUS_CHECK(write_all(fd.get(), as_bytes(text)).with_context(file.string()));
  if (::fsync(fd.get()) != 0) return fail(Error::from_errno("fsync " + file.string()));
  return sync_directory(file.has_parent_path() ? file.parent_path() : std::filesystem::path("."));
}

}  // namespace stratus::crypto
