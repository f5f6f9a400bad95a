#include "stratus/crypto/certificate_authority.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include "stratus/base/file.hpp"
#include "stratus/base/log.hpp"
#include "stratus/crypto/platform/openssl/handles.hpp"
#include "stratus/crypto/platform/openssl/x509_fields.hpp"

namespace stratus::crypto {

using openssl::Handle;
using openssl::last_error;
namespace fs = std::filesystem;

struct CertificateAuthority::Parts {
  std::string root_pem, intermediate_pem;
  CertificateInfo root, intermediate;
  Handle<X509> issuer;
  std::optional<SigningKey> key;
  bool has_root_key = false;
};

namespace {

constexpr std::uint64_t kMaxPem = 64u << 10;
constexpr std::chrono::days kBackdate{1};

EVP_PKEY* pkey(const SigningKey& key) { return static_cast<EVP_PKEY*>(key.native()); }
bool is_there(const fs::path& path) { return ::access(path.c_str(), F_OK) == 0; }

Handle<X509> read_certificate(std::string_view pem) {
  const auto bio = openssl::read_from(pem);
  return Handle<X509>(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

// The key in `file`, made there when it is missing.
Result<SigningKey> ensure_key(const fs::path& file) {
  if (!is_there(file)) {
    STRATUS_TRY(fresh, SigningKey::generate());
    STRATUS_CHECK(write_file_atomically(file, fresh.pem(), 0600));
  }
  return SigningKey::load(file);
}

// `issuer` null: certifies itself.
Result<std::string> make_ca(const SigningKey& subject_key, std::string_view name, X509* issuer,
                            const SigningKey& issuer_key, WallTime now, std::chrono::seconds lifetime) {
  const Handle<X509> certificate(X509_new());
  X509* const x509 = certificate.get();
  X509* const by = issuer != nullptr ? issuer : x509;
  const auto add = [&](int nid, const std::string& value) {
    return openssl::add_extension(x509, by, nid, value);
  };
  WallTime until = now + lifetime;
  if (issuer != nullptr) until = std::min(until, openssl::time_of(X509_get0_notAfter(issuer)));
  const bool made =
      x509 != nullptr && X509_set_version(x509, X509_VERSION_3) == 1 && openssl::set_random_serial(x509) &&
      openssl::set_validity(x509, now - kBackdate, until) &&
      openssl::add_name_part(X509_get_subject_name(x509), "CN", name) &&
      X509_set_issuer_name(x509, X509_get_subject_name(by)) == 1 &&
      X509_set_pubkey(x509, pkey(subject_key)) == 1 &&
      add(NID_basic_constraints, issuer == nullptr ? "critical,CA:TRUE" : "critical,CA:TRUE,pathlen:0") &&
      add(NID_key_usage, "critical,keyCertSign,cRLSign") && add(NID_subject_key_identifier, "hash") &&
      (issuer == nullptr || add(NID_authority_key_identifier, "keyid:always")) &&
      X509_sign(x509, pkey(issuer_key), EVP_sha256()) > 0;
  if (!made) return fail(last_error(ErrorCode::internal, "cannot make a CA certificate"));
  return openssl::pem_of(x509);
}

// Two CAs of the same name must not be taken for each other.
std::string subject_of(const AuthorityOptions& options, std::string_view role, const SigningKey& key) {
  return fmt::format("{} {} {}", options.name, role, key.public_key().id().substr(0, 8));
}

Result<void> check_key(X509* certificate, const SigningKey& key, const fs::path& file) {
  if (X509_check_private_key(certificate, pkey(key)) == 1) return {};
  return fail(
      last_error(ErrorCode::conflict, file.string() + " is not the key of the certificate beside it"));
}

Result<std::string> ensure_root(const fs::path& directory, const AuthorityOptions& options) {
  const fs::path file = directory / "root.pem";
  if (is_there(file)) return read_file(file, kMaxPem);
  if (is_there(directory / "intermediate.pem")) {
    return fail(ErrorCode::conflict,
                fmt::format("{} is missing but intermediate.pem is there: put it back", file.string()));
  }
  STRATUS_TRY(key, ensure_key(directory / "root.key"));
  STRATUS_TRY(
      pem, make_ca(key, subject_of(options, "root", key), nullptr, key, options.now, options.root_lifetime));
  STRATUS_CHECK(write_file_atomically(file, pem, 0644));
  return pem;
}

Result<std::string> certify_intermediate(const fs::path& directory, X509* root,
                                         const AuthorityOptions& options) {
  const fs::path root_key_file = directory / "root.key";
  if (!is_there(root_key_file)) {
    return fail(ErrorCode::conflict,
                fmt::format("{} is needed to make intermediate.pem: bring it back for this start",
                            root_key_file.string()));
  }
  STRATUS_TRY(root_key, SigningKey::load(root_key_file));
  STRATUS_CHECK(check_key(root, root_key, root_key_file));
  STRATUS_TRY(key, ensure_key(directory / "intermediate.key"));
  const std::string name = subject_of(options, "intermediate", key);
  STRATUS_TRY(pem, make_ca(key, name, root, root_key, options.now, options.intermediate_lifetime));
  STRATUS_CHECK(write_file_atomically(directory / "intermediate.pem", pem, 0644));
  return pem;
}

bool is_past_half(const CertificateInfo& info, WallTime now) {
  return now - info.not_before > (info.not_after - info.not_before) / 2;
}

std::string_view usage_of(CertificateKind kind) {
  switch (kind) {
    case CertificateKind::device:
      return "clientAuth";
    case CertificateKind::gateway:  // a client of its upstream, a server to its devices
      return "clientAuth,serverAuth";
    case CertificateKind::server:
      return "serverAuth";
    default:
      return {};
  }
}

Result<void> check_profile(const CertificateProfile& profile) {
  if (usage_of(profile.kind).empty()) return fail(ErrorCode::invalid, "no such kind of certificate");
  if (!openssl::is_common_name(profile.common_name)) {
    return fail(ErrorCode::invalid, "a common name is 1 to 64 printable ASCII characters");
  }
  if (profile.kind == CertificateKind::device && !profile.names.empty()) {
    return fail(ErrorCode::invalid, "a device's certificate has no further names");
  }
  if (profile.kind == CertificateKind::server && profile.names.empty()) {
    return fail(ErrorCode::invalid, "a server's certificate needs a name");
  }
  return {};
}

bool add_revoked(X509_CRL* list, const RevokedCertificate& entry) {
  BIGNUM* number = nullptr;
  X509_REVOKED* const revoked = X509_REVOKED_new();
  ASN1_INTEGER* serial = nullptr;
  if (BN_hex2bn(&number, entry.serial.c_str()) == static_cast<int>(entry.serial.size())) {
    serial = BN_to_ASN1_INTEGER(number, nullptr);
  }
  ASN1_TIME* const when = openssl::new_time(entry.when);
  ASN1_ENUMERATED* const reason = ASN1_ENUMERATED_new();
  bool added = revoked != nullptr && serial != nullptr && when != nullptr && reason != nullptr &&
               X509_REVOKED_set_serialNumber(revoked, serial) == 1 &&
               X509_REVOKED_set_revocationDate(revoked, when) == 1;
  if (added && entry.reason != RevocationReason::unspecified) {
    added = ASN1_ENUMERATED_set(reason, static_cast<long>(entry.reason)) == 1 &&
            X509_REVOKED_add1_ext_i2d(revoked, NID_crl_reason, reason, 0, 0) == 1;
  }
  added = added && X509_CRL_add0_revoked(list, revoked) == 1;
  if (!added) X509_REVOKED_free(revoked);
  ASN1_ENUMERATED_free(reason);
  ASN1_TIME_free(when);
  ASN1_INTEGER_free(serial);
  BN_free(number);
  return added;
}

bool add_list_extensions(X509_CRL* list, X509* issuer, std::uint64_t number) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, nullptr, nullptr, list, 0);
  X509_EXTENSION* const authority =
      X509V3_EXT_conf_nid(nullptr, &context, NID_authority_key_identifier, "keyid:always");
  ASN1_INTEGER* const value = ASN1_INTEGER_new();
  const bool added = authority != nullptr && value != nullptr &&
                     ASN1_INTEGER_set_uint64(value, number) == 1 &&
                     X509_CRL_add_ext(list, authority, -1) == 1 &&
                     X509_CRL_add1_ext_i2d(list, NID_crl_number, value, 0, 0) == 1;
  ASN1_INTEGER_free(value);
  X509_EXTENSION_free(authority);
  return added;
}

Handle<X509_CRL> read_list(std::string_view pem) {
  const auto bio = openssl::read_from(pem);
  return Handle<X509_CRL>(PEM_read_bio_X509_CRL(bio.get(), nullptr, nullptr, nullptr));
}

}  // namespace

Result<CertificateAuthority> CertificateAuthority::open_or_make(const fs::path& directory,
                                                                const AuthorityOptions& options) {
  STRATUS_CHECK(make_directories(directory));
  auto parts = std::make_shared<Parts>();
  STRATUS_TRY(root_pem, ensure_root(directory, options));
  const Handle<X509> root = read_certificate(root_pem);
  if (!root) return fail(last_error(ErrorCode::corrupt, (directory / "root.pem").string()));
  STRATUS_TRY(root_info, parse_certificate(root_pem));
  parts->root_pem = std::move(root_pem);
  parts->root = std::move(root_info);
  parts->has_root_key = is_there(directory / "root.key");

  const fs::path file = directory / "intermediate.pem";
  bool fresh = !is_there(file);
  if (!fresh && parts->has_root_key) {
    STRATUS_TRY(pem, read_file(file, kMaxPem));
    STRATUS_TRY(info, parse_certificate(pem).with_context(file.string()));
    fresh = is_past_half(info, options.now);
  }
  if (fresh) {
    STRATUS_CHECK(certify_intermediate(directory, root.get(), options));
  }
  STRATUS_TRY(pem, read_file(file, kMaxPem));
  parts->issuer = read_certificate(pem);
  if (!parts->issuer) return fail(last_error(ErrorCode::corrupt, file.string()));
  if (X509_verify(parts->issuer.get(), X509_get0_pubkey(root.get())) != 1) {
    return fail(last_error(ErrorCode::conflict, file.string() + " was not signed by the root beside it"));
  }
  STRATUS_TRY(info, parse_certificate(pem));
  parts->intermediate_pem = std::move(pem);
  parts->intermediate = std::move(info);
  STRATUS_TRY(key, SigningKey::load(directory / "intermediate.key"));
  STRATUS_CHECK(check_key(parts->issuer.get(), key, directory / "intermediate.key"));
  parts->key.emplace(std::move(key));
  return CertificateAuthority(std::move(parts));
}

Result<IssuedCertificate> CertificateAuthority::issue(const PublicKey& key,
                                                      const CertificateProfile& profile) const {
  STRATUS_CHECK(check_profile(profile));
  std::string alternatives;
  if (!profile.names.empty()) {
    STRATUS_TRY(made, openssl::subject_alternatives(profile.names));
    alternatives = std::move(made);
  }
  const WallTime until = std::min(profile.now + profile.lifetime, parts_->intermediate.not_after);
  if (until <= profile.now) return fail(ErrorCode::unavailable, "the intermediate CA has expired");
  const Handle<X509> certificate(X509_new());
  X509* const x509 = certificate.get();
  X509* const issuer = parts_->issuer.get();
  const auto add = [&](int nid, const std::string& value) {
    return openssl::add_extension(x509, issuer, nid, value);
  };
  const bool made =
      x509 != nullptr && X509_set_version(x509, X509_VERSION_3) == 1 && openssl::set_random_serial(x509) &&
      openssl::set_validity(x509, profile.now - kBackdate, until) &&
      openssl::add_name_part(X509_get_subject_name(x509), "OU", name_of(profile.kind)) &&
      openssl::add_name_part(X509_get_subject_name(x509), "CN", profile.common_name) &&
      X509_set_issuer_name(x509, X509_get_subject_name(issuer)) == 1 &&
      X509_set_pubkey(x509, static_cast<EVP_PKEY*>(key.native())) == 1 &&
      add(NID_basic_constraints, "critical,CA:FALSE") && add(NID_key_usage, "critical,digitalSignature") &&
      add(NID_ext_key_usage, std::string(usage_of(profile.kind))) &&
      add(NID_subject_key_identifier, "hash") && add(NID_authority_key_identifier, "keyid:always") &&
      (alternatives.empty() || add(NID_subject_alt_name, alternatives)) &&
      X509_sign(x509, pkey(*parts_->key), EVP_sha256()) > 0;
  if (!made) return fail(last_error(ErrorCode::internal, "cannot make a certificate"));
  std::string pem = openssl::pem_of(x509);
  STRATUS_TRY(info, parse_certificate(pem));
  return IssuedCertificate{std::move(pem), std::move(info)};
}

Result<std::string> CertificateAuthority::make_revocation_list(std::span<const RevokedCertificate> revoked,
                                                               std::uint64_t number, WallTime this_update,
                                                               WallTime next_update) const {
  const Handle<X509_CRL> list(X509_CRL_new());
  ASN1_TIME* const from = openssl::new_time(this_update);
  ASN1_TIME* const until = openssl::new_time(next_update);
  bool made = list && from != nullptr && until != nullptr &&
              X509_CRL_set_version(list.get(), X509_CRL_VERSION_2) == 1 &&
              X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(parts_->issuer.get())) == 1 &&
              X509_CRL_set1_lastUpdate(list.get(), from) == 1 &&
              X509_CRL_set1_nextUpdate(list.get(), until) == 1;
  ASN1_TIME_free(from);
  ASN1_TIME_free(until);
  for (std::size_t i = 0; made && i < revoked.size(); ++i) made = add_revoked(list.get(), revoked[i]);
  made = made && X509_CRL_sort(list.get()) == 1 &&
         add_list_extensions(list.get(), parts_->issuer.get(), number) &&
         X509_CRL_sign(list.get(), pkey(*parts_->key), EVP_sha256()) > 0;
  if (!made) return fail(last_error(ErrorCode::internal, "cannot make a revocation list"));
  const auto bio = openssl::new_buffer();
  PEM_write_bio_X509_CRL(bio.get(), list.get());
  return openssl::text_of(bio.get());
}

bool CertificateAuthority::issued(std::string_view pem) const {
  const Handle<X509> certificate = read_certificate(pem);
  const bool ours =
      certificate && X509_verify(certificate.get(), X509_get0_pubkey(parts_->issuer.get())) == 1;
  ERR_clear_error();
  return ours;
}

const std::string& CertificateAuthority::root_pem() const { return parts_->root_pem; }
const std::string& CertificateAuthority::intermediate_pem() const { return parts_->intermediate_pem; }
const CertificateInfo& CertificateAuthority::root() const { return parts_->root; }
const CertificateInfo& CertificateAuthority::intermediate() const { return parts_->intermediate; }
bool CertificateAuthority::has_root_key() const { return parts_->has_root_key; }

Result<void> check_chain(std::string_view leaf, std::string_view chain, std::string_view root) {
  Handle<X509> below = read_certificate(leaf);
  std::vector<std::string> above = split_certificates(chain);
  above.emplace_back(root);
  for (const std::string& pem : above) {
    Handle<X509> signer = read_certificate(pem);
    // Only what is made to sign may have signed: a device's own certificate has a key as well.
    if (!below || !signer || X509_check_ca(signer.get()) != 1 ||
        X509_verify(below.get(), X509_get0_pubkey(signer.get())) != 1) {
      return fail(last_error(ErrorCode::corrupt, "the certificate was not signed through its chain"));
    }
    below = std::move(signer);
  }
  return {};
}

RevocationListAge judge_revocation_list(WallTime this_update, WallTime next_update, WallTime now) {
  const auto life = next_update - this_update;
  // A list from the future comes from a clock that was put back: it is made anew as well.
  const auto age = now - this_update;
  return {age < Millis(0) || age * 4 >= life, age * 2 >= life, now >= next_update};
}

Result<RevocationListTimes> read_revocation_list_times(std::string_view pem) {
  const auto list = read_list(pem);
  if (!list) return fail(last_error(ErrorCode::corrupt, "not a revocation list in PEM form"));
  return RevocationListTimes{openssl::time_of(X509_CRL_get0_lastUpdate(list.get())),
                             openssl::time_of(X509_CRL_get0_nextUpdate(list.get()))};
}

Result<std::vector<std::string>> read_revocation_list(std::string_view pem, std::string_view issuer_pem) {
  const auto list = read_list(pem);
  if (!list) return fail(last_error(ErrorCode::corrupt, "not a revocation list in PEM form"));
  const Handle<X509> issuer = read_certificate(issuer_pem);
  if (!issuer || X509_CRL_verify(list.get(), X509_get0_pubkey(issuer.get())) != 1) {
    return fail(last_error(ErrorCode::denied, "the revocation list was not signed by its issuer"));
  }
  std::vector<std::string> serials;
  STACK_OF(X509_REVOKED)* const entries = X509_CRL_get_REVOKED(list.get());
  for (int i = 0; entries != nullptr && i < sk_X509_REVOKED_num(entries); ++i) {
    serials.push_back(
        openssl::serial_text(X509_REVOKED_get0_serialNumber(sk_X509_REVOKED_value(entries, i))));
  }
  return serials;
}

}  // namespace stratus::crypto
