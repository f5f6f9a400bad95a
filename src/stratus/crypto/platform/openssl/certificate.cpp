#include "stratus/crypto/certificate.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include "stratus/base/file.hpp"
#include "stratus/crypto/platform/openssl/handles.hpp"

namespace stratus::crypto {
namespace {

using openssl::Handle;
using openssl::last_error;

bool is_address(const std::string& name) {
  unsigned char buffer[16];
  return ::inet_pton(AF_INET, name.c_str(), buffer) == 1 || ::inet_pton(AF_INET6, name.c_str(), buffer) == 1;
}

// Names go into OpenSSL's extension language, where a comma would start another entry.
bool is_dns_name(const std::string& name) {
  return !name.empty() && name.size() <= 253 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.*_") ==
             std::string::npos;
}

bool add_extension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  const bool added = extension != nullptr && X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

bool set_random_serial(X509* certificate) {
  BIGNUM* const number = BN_new();
  const bool set = number != nullptr && BN_rand(number, 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
                   BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
  BN_free(number);
  return set;
}

}  // namespace

Result<std::string> make_self_signed_certificate(const SigningKey& key, const CertificateOptions& options) {
  std::string alternatives;
  for (const std::string& name : options.names) {
    if (!is_address(name) && !is_dns_name(name)) {
      return fail(ErrorCode::invalid, fmt::format("'{}' is neither a DNS name nor an IP address", name));
    }
    alternatives += (alternatives.empty() ? "" : ",") + std::string(is_address(name) ? "IP:" : "DNS:") + name;
  }
  if (alternatives.empty()) return fail(ErrorCode::invalid, "a certificate needs at least one name");
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(options.now.time_since_epoch());
  const Handle<X509> certificate(X509_new());
  auto* const pkey = static_cast<EVP_PKEY*>(key.native());
  X509* const x509 = certificate.get();
  // The common name is limited to 64 bytes by X.520; names that count are in the extension.
  const std::string common_name = options.common_name.substr(0, 64);
  const bool made =
      x509 != nullptr && X509_set_version(x509, X509_VERSION_3) == 1 && set_random_serial(x509) &&
      ASN1_TIME_set(X509_getm_notBefore(x509), (now - std::chrono::days(1)).count()) != nullptr &&
      ASN1_TIME_set(X509_getm_notAfter(x509), (now + options.lifetime).count()) != nullptr &&
      X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(common_name.data()),
                                 static_cast<int>(common_name.size()), -1, 0) == 1 &&
      X509_set_issuer_name(x509, X509_get_subject_name(x509)) == 1 && X509_set_pubkey(x509, pkey) == 1 &&
      add_extension(x509, NID_basic_constraints, "critical,CA:FALSE") &&
      add_extension(x509, NID_key_usage, "critical,digitalSignature") &&
      add_extension(x509, NID_ext_key_usage, "serverAuth") &&
      add_extension(x509, NID_subject_key_identifier, "hash") &&
      add_extension(x509, NID_subject_alt_name, alternatives) && X509_sign(x509, pkey, EVP_sha256()) > 0;
  if (!made) return fail(last_error(ErrorCode::internal, "cannot make a certificate"));
  const auto bio = openssl::new_buffer();
  PEM_write_bio_X509(bio.get(), x509);
  return openssl::text_of(bio.get());
}

Result<TlsFiles> ensure_tls_files(const std::filesystem::path& directory, const std::string& name,
                                  const CertificateOptions& options) {
  TlsFiles files{directory / (name + ".pem"), directory / (name + ".key"), false};
  const bool has_certificate = ::access(files.certificate.c_str(), F_OK) == 0;
  const bool has_key = ::access(files.key.c_str(), F_OK) == 0;
  if (has_certificate && has_key) return files;
  if (has_certificate) {
    return fail(ErrorCode::conflict,
                fmt::format("{} has no key {} beside it: put the key there, or remove the "
                            "certificate to have a new pair made",
                            files.certificate.string(), files.key.string()));
  }
  STRATUS_CHECK(make_directories(directory));
  if (!has_key) {
    STRATUS_TRY(fresh, SigningKey::generate());
    STRATUS_CHECK(write_file_atomically(files.key, fresh.pem(), 0600));
  }
  STRATUS_TRY(key, SigningKey::load(files.key));
  STRATUS_TRY(certificate, make_self_signed_certificate(key, options));
  STRATUS_CHECK(write_file_atomically(files.certificate, certificate, 0644));
  files.created = true;
  return files;
}

std::vector<std::string> default_server_names() {
  std::vector<std::string> names{"localhost", "127.0.0.1", "::1"};
  char host[256] = "";
  if (::gethostname(host, sizeof host - 1) == 0 && is_dns_name(host) && names[0] != host)
    names.emplace_back(host);
  return names;
}

}  // namespace stratus::crypto
