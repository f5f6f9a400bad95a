#include "stratus/crypto/certificate_info.hpp"

#include <array>

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "stratus/crypto/certificate_names.hpp"
#include "stratus/crypto/native_certificate.hpp"
#include "stratus/crypto/platform/openssl/handles.hpp"
#include "stratus/crypto/platform/openssl/x509_fields.hpp"
#include "stratus/crypto/sha256.hpp"

namespace stratus::crypto {
namespace {

using openssl::Handle;

constexpr std::array<std::pair<CertificateKind, std::string_view>, 4> kKinds{{
    {CertificateKind::device, "device"},
    {CertificateKind::gateway, "gateway"},
    {CertificateKind::server, "server"},
    {CertificateKind::other, "other"},
}};

// "" when it is missing, doubled, or holds a NUL: no name at all is safer than half a name.
std::string only_entry(X509_NAME* name, int nid) {
  const int at = X509_NAME_get_index_by_NID(name, nid, -1);
  if (at < 0 || X509_NAME_get_index_by_NID(name, nid, at) >= 0) return {};
  unsigned char* utf8 = nullptr;
  const int length = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
  std::string text;
  if (length > 0) text.assign(reinterpret_cast<char*>(utf8), static_cast<std::size_t>(length));
  OPENSSL_free(utf8);
  return text.find('\0') == std::string::npos ? text : std::string();
}

CertificateInfo info_of(X509* x509, BytesView der) {
  CertificateInfo info;
  X509_NAME* const subject = X509_get_subject_name(x509);
  info.common_name = only_entry(subject, NID_commonName);
  info.kind = parse_certificate_kind(only_entry(subject, NID_organizationalUnitName));
  info.serial = openssl::serial_text(X509_get0_serialNumber(x509));
  info.fingerprint = sha256(der).hex();
  unsigned char* spki = nullptr;
  const int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &spki);
  if (length > 0) info.key_id = sha256(BytesView(spki, static_cast<std::size_t>(length))).hex();
  OPENSSL_free(spki);
  info.not_before = openssl::time_of(X509_get0_notBefore(x509));
  info.not_after = openssl::time_of(X509_get0_notAfter(x509));
  info.self_signed = X509_NAME_cmp(subject, X509_get_issuer_name(x509)) == 0;
  return info;
}

}  // namespace

std::string_view name_of(CertificateKind kind) {
  for (const auto& [value, name] : kKinds) {
    if (value == kind) return name;
  }
  return "other";
}

CertificateKind parse_certificate_kind(std::string_view name) {
  for (const auto& [value, text] : kKinds) {
    if (text == name) return value;
  }
  return CertificateKind::other;
}

Result<CertificateInfo> parse_certificate_der(BytesView der) {
  const unsigned char* at = der.data();
  const Handle<X509> x509(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (!x509 || at != der.data() + der.size()) {
    return fail(openssl::last_error(ErrorCode::invalid, "not a certificate in DER form"));
  }
  return info_of(x509.get(), der);
}

Result<CertificateInfo> parse_certificate(std::string_view pem) {
  const auto bio = openssl::read_from(pem);
  const Handle<X509> x509(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (!x509) return fail(openssl::last_error(ErrorCode::invalid, "not a certificate in PEM form"));
  return certificate_info_of(x509.get());
}

Result<CertificateInfo> certificate_info_of(x509_st* certificate) {
  unsigned char* der = nullptr;
  const int length = i2d_X509(certificate, &der);
  if (length <= 0) return fail(openssl::last_error(ErrorCode::invalid, "not a certificate"));
  const Bytes bytes(der, der + length);
  OPENSSL_free(der);
  return info_of(certificate, bytes);
}

bool has_server_names(std::string_view pem) {
  const auto bio = openssl::read_from(pem);
  const Handle<X509> x509(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  return x509 && X509_get_ext_by_NID(x509.get(), NID_subject_alt_name, -1) >= 0;
}

std::vector<std::string> split_certificates(std::string_view pem) {
  constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----", kEnd = "-----END CERTIFICATE-----";
  std::vector<std::string> out;
  for (std::size_t at = pem.find(kBegin); at != std::string_view::npos && out.size() < 32;) {
    const std::size_t end = pem.find(kEnd, at);
    if (end == std::string_view::npos) break;
    out.emplace_back(std::string(pem.substr(at, end + kEnd.size() - at)) + "\n");
    at = pem.find(kBegin, end);
  }
  return out;
}

}  // namespace stratus::crypto
