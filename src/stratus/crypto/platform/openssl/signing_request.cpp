#include "stratus/crypto/signing_request.hpp"

#include <algorithm>
#include <cstring>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "stratus/crypto/platform/openssl/handles.hpp"
#include "stratus/crypto/platform/openssl/x509_fields.hpp"

namespace stratus::crypto {
namespace {

using openssl::Handle;
using openssl::last_error;

constexpr std::string_view kBlank = " \t\r\n";

tl::unexpected<Error> refuse(const std::string& why) {
  ERR_clear_error();
  return fail(ErrorCode::invalid, "signing request: " + why);
}

// The DER bytes of the only PEM block.
Result<Bytes> unwrap(std::string_view text) {
  const auto bio = openssl::read_from(text);
  char *name = nullptr, *header = nullptr;
  unsigned char* data = nullptr;
  long length = 0;
  if (PEM_read_bio(bio.get(), &name, &header, &data, &length) != 1) return refuse("not PEM");
  const bool plain = header == nullptr || *header == '\0';
  const bool named =
      std::strcmp(name, PEM_STRING_X509_REQ) == 0 || std::strcmp(name, PEM_STRING_X509_REQ_OLD) == 0;
  Bytes der(data, data + length);
  OPENSSL_free(name);
  OPENSSL_free(header);
  OPENSSL_free(data);
  if (!named || !plain) return refuse("the PEM block is not a plain CERTIFICATE REQUEST");
  const std::string rest = openssl::text_of(bio.get());  // what the reader has left
  if (rest.find_first_not_of(kBlank) != std::string::npos) return refuse("more than one PEM block");
  return der;
}

Result<std::string> common_name_of(X509_REQ* request) {
  X509_NAME* const subject = X509_REQ_get_subject_name(request);
  const int entries = X509_NAME_entry_count(subject);
  if (entries == 0) return std::string();
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (entries != 1 || at != 0) return refuse("the subject may hold one common name and nothing else");
  unsigned char* utf8 = nullptr;
  const int length = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, 0)));
  std::string text;
  if (length > 0) text.assign(reinterpret_cast<char*>(utf8), static_cast<std::size_t>(length));
  OPENSSL_free(utf8);
  if (!openssl::is_common_name(text)) {
    return refuse("the common name must be 1 to 64 printable ASCII characters");
  }
  return text;
}

bool is_leaf(X509_EXTENSION* extension) {
  auto* const constraints = static_cast<BASIC_CONSTRAINTS*>(X509V3_EXT_d2i(extension));
  const bool leaf = constraints != nullptr && constraints->ca == 0 && constraints->pathlen == nullptr;
  BASIC_CONSTRAINTS_free(constraints);
  return leaf;
}

bool only_signs(X509_EXTENSION* extension) {
  auto* const usage = static_cast<ASN1_BIT_STRING*>(X509V3_EXT_d2i(extension));
  const bool signs = usage != nullptr && usage->length == 1 && usage->data[0] == KU_DIGITAL_SIGNATURE;
  ASN1_BIT_STRING_free(usage);
  return signs;
}

bool only_client(X509_EXTENSION* extension) {
  auto* const usages = static_cast<EXTENDED_KEY_USAGE*>(X509V3_EXT_d2i(extension));
  const bool client = usages != nullptr && sk_ASN1_OBJECT_num(usages) == 1 &&
                      OBJ_obj2nid(sk_ASN1_OBJECT_value(usages, 0)) == NID_client_auth;
  EXTENDED_KEY_USAGE_free(usages);
  return client;
}

bool only_own_name(X509_EXTENSION* extension, const std::string& common_name) {
  auto* const names = static_cast<GENERAL_NAMES*>(X509V3_EXT_d2i(extension));
  bool own = names != nullptr && sk_GENERAL_NAME_num(names) == 1;
  if (own) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names, 0);
    own =
        name->type == GEN_DNS &&
        common_name == std::string_view(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                                        static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
  }
  GENERAL_NAMES_free(names);
  return own;
}

Result<void> check_extension(X509_EXTENSION* extension, const std::string& common_name) {
  switch (OBJ_obj2nid(X509_EXTENSION_get_object(extension))) {
    case NID_basic_constraints:
      if (!is_leaf(extension)) return refuse("basicConstraints other than CA:FALSE");
      return {};
    case NID_key_usage:
      if (!only_signs(extension)) return refuse("keyUsage other than digitalSignature");
      return {};
    case NID_ext_key_usage:
      if (!only_client(extension)) return refuse("extendedKeyUsage other than clientAuth");
      return {};
    case NID_subject_alt_name:
      if (!only_own_name(extension, common_name))
        return refuse("a subjectAltName that is not the common name");
      return {};
    default:
      return refuse("an extension that devices may not ask for");
  }
}

Result<void> check_wishes(X509_REQ* request, const std::string& common_name) {
  const int attributes = X509_REQ_get_attr_count(request);
  if (attributes == 0) return {};
  X509_ATTRIBUTE* const attribute = X509_REQ_get_attr(request, 0);
  if (attributes != 1 || OBJ_obj2nid(X509_ATTRIBUTE_get0_object(attribute)) != NID_ext_req ||
      X509_ATTRIBUTE_count(attribute) != 1) {
    return refuse("an attribute other than one extensionRequest");
  }
  const Handle<stack_st_X509_EXTENSION> wishes(X509_REQ_get_extensions(request));
  if (!wishes) return refuse("an extensionRequest that does not parse");
  for (int i = 0; i < sk_X509_EXTENSION_num(wishes.get()); ++i) {
    X509_EXTENSION* const extension = sk_X509_EXTENSION_value(wishes.get(), i);
    const ASN1_OBJECT* const kind = X509_EXTENSION_get_object(extension);
    if (X509v3_get_ext_by_OBJ(wishes.get(), kind, i) >= 0) return refuse("an extension that occurs twice");
    STRATUS_CHECK(check_extension(extension, common_name));
  }
  return {};
}

}  // namespace

Result<SigningRequest> parse_signing_request(std::string_view text) {
  if (text.size() > kMaxSigningRequest) return refuse("larger than 4096 bytes");
  Bytes der(as_bytes(text).begin(), as_bytes(text).end());
  const std::size_t start = text.find_first_not_of(kBlank);
  if (start != std::string_view::npos && text.substr(start).starts_with("-----BEGIN")) {
    STRATUS_TRY(unwrapped, unwrap(text.substr(start)));
    der = std::move(unwrapped);
  }
  const unsigned char* at = der.data();
  const Handle<X509_REQ> request(d2i_X509_REQ(nullptr, &at, static_cast<long>(der.size())));
  if (!request || at != der.data() + der.size()) return refuse("not one PKCS #10 request");
  if (X509_REQ_get_version(request.get()) != X509_REQ_VERSION_1) return refuse("not of version 1");
  if (X509_REQ_get_signature_nid(request.get()) != NID_ecdsa_with_SHA256) {
    return refuse("not signed with ecdsa-with-SHA256");
  }
  unsigned char* encoded = nullptr;
  const int length = i2d_X509_PUBKEY(X509_REQ_get_X509_PUBKEY(request.get()), &encoded);
  const Bytes spki(encoded, encoded + std::max(length, 0));
  OPENSSL_free(encoded);
  STRATUS_TRY(key, PublicKey::from_der(spki).with_context("signing request"));
  if (X509_REQ_verify(request.get(), static_cast<EVP_PKEY*>(key.native())) != 1) {
    return refuse("not signed by the key that it names");
  }
  STRATUS_TRY(common_name, common_name_of(request.get()));
  STRATUS_CHECK(check_wishes(request.get(), common_name));
  return SigningRequest{std::move(common_name), std::move(key)};
}

Result<std::string> make_signing_request(const SigningKey& key, std::string_view common_name) {
  const Handle<X509_REQ> request(X509_REQ_new());
  auto* const pkey = static_cast<EVP_PKEY*>(key.native());
  if (!common_name.empty() && !openssl::is_common_name(common_name)) {
    return fail(ErrorCode::invalid, "a common name is 1 to 64 printable ASCII characters");
  }
  const bool made = request && X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) == 1 &&
                    (common_name.empty() ||
                     openssl::add_name_part(X509_REQ_get_subject_name(request.get()), "CN", common_name)) &&
                    X509_REQ_set_pubkey(request.get(), pkey) == 1 &&
                    X509_REQ_sign(request.get(), pkey, EVP_sha256()) > 0;
  if (!made) return fail(last_error(ErrorCode::internal, "cannot make a signing request"));
  const auto bio = openssl::new_buffer();
  PEM_write_bio_X509_REQ(bio.get(), request.get());
  return openssl::text_of(bio.get());
}

}  // namespace stratus::crypto
