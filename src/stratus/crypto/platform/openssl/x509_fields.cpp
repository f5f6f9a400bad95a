#include "stratus/crypto/platform/openssl/x509_fields.hpp"

#include <algorithm>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "stratus/base/bytes.hpp"
#include "stratus/crypto/platform/openssl/handles.hpp"

namespace stratus::crypto::openssl {
namespace {

bool is_address(const std::string& name) {
  unsigned char buffer[16];
  return ::inet_pton(AF_INET, name.c_str(), buffer) == 1 || ::inet_pton(AF_INET6, name.c_str(), buffer) == 1;
}

time_t seconds(WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace

bool set_random_serial(X509* certificate) {
  BIGNUM* const number = BN_new();
  const bool set = number != nullptr && BN_rand(number, 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
                   BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
  BN_free(number);
  return set;
}

std::string serial_text(const ASN1_INTEGER* serial) {
  BIGNUM* const number = ASN1_INTEGER_to_BN(serial, nullptr);
  char* const digits = number != nullptr ? BN_bn2hex(number) : nullptr;
  std::string text = digits != nullptr ? digits : "";
  OPENSSL_free(digits);
  BN_free(number);
  return text;
}

bool add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  const bool added = extension != nullptr && X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

bool add_name_part(X509_NAME* name, const char* part, std::string_view value) {
  return X509_NAME_add_entry_by_txt(name, part, MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(value.data()),
                                    static_cast<int>(value.size()), -1, 0) == 1;
}

bool set_validity(X509* certificate, WallTime from, WallTime until) {
  return ASN1_TIME_set(X509_getm_notBefore(certificate), seconds(from)) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), seconds(until)) != nullptr;
}

WallTime time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return WallTime{};
  return WallTime(std::chrono::seconds(::timegm(&parts)));
}

ASN1_TIME* new_time(WallTime time) { return ASN1_TIME_set(nullptr, seconds(time)); }

std::string pem_of(X509* certificate) {
  const auto bio = new_buffer();
  PEM_write_bio_X509(bio.get(), certificate);
  return text_of(bio.get());
}

bool is_dns_name(std::string_view name) {
  return !name.empty() && name.size() <= 253 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.*_") ==
             std::string_view::npos;
}

bool is_common_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 &&
         std::all_of(name.begin(), name.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

Result<std::string> subject_alternatives(const std::vector<std::string>& names) {
  std::string alternatives;
  for (const std::string& name : names) {
    // Names go into OpenSSL's extension language, where a comma would start another entry.
    if (!is_address(name) && !is_dns_name(name)) {
      return fail(ErrorCode::invalid, fmt::format("'{}' is neither a DNS name nor an IP address", name));
    }
    alternatives += (alternatives.empty() ? "" : ",") + std::string(is_address(name) ? "IP:" : "DNS:") + name;
  }
  if (alternatives.empty()) return fail(ErrorCode::invalid, "a certificate needs at least one name");
  return alternatives;
}

}  // namespace stratus::crypto::openssl
