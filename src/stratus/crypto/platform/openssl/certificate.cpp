#include "stratus/crypto/certificate.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include "stratus/base/file.hpp"
#include "stratus/crypto/platform/openssl/handles.hpp"
#include "stratus/crypto/platform/openssl/x509_fields.hpp"

namespace stratus::crypto {

using openssl::Handle;
using openssl::last_error;

Result<std::string> make_self_signed_certificate(const SigningKey& key, const CertificateOptions& options) {
  STRATUS_TRY(alternatives, openssl::subject_alternatives(options.names));
  const Handle<X509> certificate(X509_new());
  auto* const pkey = static_cast<EVP_PKEY*>(key.native());
  X509* const x509 = certificate.get();
  // The common name is limited to 64 bytes by X.520; names that count are in the extension.
  const std::string common_name = options.common_name.substr(0, 64);
  const auto add = [x509](int nid, const std::string& value) {
    return openssl::add_extension(x509, x509, nid, value);
  };
  const bool made =
      x509 != nullptr && X509_set_version(x509, X509_VERSION_3) == 1 && openssl::set_random_serial(x509) &&
      openssl::set_validity(x509, options.now - std::chrono::days(1), options.now + options.lifetime) &&
      openssl::add_name_part(X509_get_subject_name(x509), "CN", common_name) &&
      X509_set_issuer_name(x509, X509_get_subject_name(x509)) == 1 && X509_set_pubkey(x509, pkey) == 1 &&
      add(NID_basic_constraints, "critical,CA:FALSE") && add(NID_key_usage, "critical,digitalSignature") &&
      add(NID_ext_key_usage, "serverAuth") && add(NID_subject_key_identifier, "hash") &&
      add(NID_subject_alt_name, alternatives) && X509_sign(x509, pkey, EVP_sha256()) > 0;
  if (!made) return fail(last_error(ErrorCode::internal, "cannot make a certificate"));
  return openssl::pem_of(x509);
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
  if (::gethostname(host, sizeof host - 1) == 0 && openssl::is_dns_name(host) && names[0] != host)
    names.emplace_back(host);
  return names;
}

}  // namespace stratus::crypto
