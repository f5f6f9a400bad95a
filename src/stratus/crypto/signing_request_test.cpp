#include "stratus/crypto/signing_request.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "stratus/crypto/platform/openssl/handles.hpp"
#include "stratus/crypto/platform/openssl/x509_fields.hpp"

namespace stratus::crypto {
namespace {

// A request as a careless or hostile tool might make it.
struct Recipe {
  EVP_PKEY* key = nullptr;
  std::vector<std::pair<const char*, std::string>> subject{{"CN", "cam-7"}};
  std::vector<std::pair<int, std::string>> extensions;
  const EVP_MD* digest = EVP_sha256();
  long version = X509_REQ_VERSION_1;
  bool challenge = false;
};

std::string make(const Recipe& recipe) {
  const openssl::Handle<EVP_PKEY> own(recipe.key != nullptr ? recipe.key : EVP_EC_gen("P-256"));
  const openssl::Handle<X509_REQ> request(X509_REQ_new());
  X509_REQ_set_version(request.get(), recipe.version);
  for (const auto& [part, value] : recipe.subject)
    openssl::add_name_part(X509_REQ_get_subject_name(request.get()), part, value);
  X509_REQ_set_pubkey(request.get(), own.get());
  openssl::Handle<stack_st_X509_EXTENSION> wishes(sk_X509_EXTENSION_new_null());
  X509V3_CTX context;
  X509V3_set_ctx(&context, nullptr, nullptr, request.get(), nullptr, 0);
  for (const auto& [nid, value] : recipe.extensions)
    sk_X509_EXTENSION_push(wishes.get(), X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  if (!recipe.extensions.empty()) X509_REQ_add_extensions(request.get(), wishes.get());
  if (recipe.challenge)
    X509_REQ_add1_attr_by_NID(request.get(), NID_pkcs9_challengePassword, MBSTRING_ASC,
                              reinterpret_cast<const unsigned char*>("secret"), -1);
  X509_REQ_sign(request.get(), own.get(), recipe.digest);
  const auto bio = openssl::new_buffer();
  PEM_write_bio_X509_REQ(bio.get(), request.get());
  return openssl::text_of(bio.get());
}

std::string why(const std::string& text) {
  const auto parsed = parse_signing_request(text);
  return parsed ? "accepted" : parsed.error().text();
}

TEST(SigningRequest, OfOurOwnIsAccepted) {
  const SigningKey key = *SigningKey::generate();
  const auto named = parse_signing_request(*make_signing_request(key, "cam-7"));
  ASSERT_TRUE(named) << named.error().text();
  EXPECT_EQ(named->common_name, "cam-7");
  EXPECT_EQ(named->key.id(), key.public_key().id());
  const auto nameless = parse_signing_request(*make_signing_request(key, ""));
  ASSERT_TRUE(nameless) << nameless.error().text();
  EXPECT_EQ(nameless->common_name, "");
}

TEST(SigningRequest, MayAskForWhatItGetsAnyway) {
  EXPECT_EQ(why(make({.extensions = {{NID_basic_constraints, "critical,CA:FALSE"},
                                     {NID_key_usage, "digitalSignature"},
                                     {NID_ext_key_usage, "clientAuth"},
                                     {NID_subject_alt_name, "DNS:cam-7"}}})),
            "accepted");
}

TEST(SigningRequest, MayNotAskForMore) {
  using Wish = std::pair<int, std::string>;
  for (const Wish& wish : std::vector<Wish>{{NID_basic_constraints, "CA:TRUE"},
                                            {NID_basic_constraints, "CA:TRUE,pathlen:0"},
                                            {NID_key_usage, "keyCertSign"},
                                            {NID_key_usage, "digitalSignature,cRLSign"},
                                            {NID_ext_key_usage, "serverAuth"},
                                            {NID_ext_key_usage, "clientAuth,serverAuth"},
                                            {NID_subject_alt_name, "DNS:cam-8"},
                                            {NID_subject_alt_name, "DNS:cam-7,DNS:cam-8"},
                                            {NID_subject_alt_name, "IP:10.0.0.1"},
                                            {NID_subject_alt_name, "URI:spiffe://x/cam-7"},
                                            {NID_subject_alt_name, "email:a@b.c"},
                                            {NID_name_constraints, "permitted;DNS:x"},
                                            {NID_netscape_comment, "x"}}) {
    EXPECT_NE(why(make({.extensions = {wish}})), "accepted") << wish.first << " " << wish.second;
  }
  EXPECT_NE(
      why(make({.extensions = {{NID_key_usage, "digitalSignature"}, {NID_key_usage, "digitalSignature"}}})),
      "accepted");
  EXPECT_NE(why(make({.challenge = true})), "accepted");
}

TEST(SigningRequest, NamesOneThingOnly) {
  EXPECT_NE(why(make({.subject = {{"CN", "cam-7"}, {"CN", "cam-8"}}})), "accepted");
  EXPECT_NE(why(make({.subject = {{"CN", "cam-7"}, {"OU", "server"}}})), "accepted");
  EXPECT_NE(why(make({.subject = {{"OU", "gateway"}}})), "accepted");
  EXPECT_NE(why(make({.subject = {{"CN", "cam\n7"}}})), "accepted");
  EXPECT_NE(why(make({.subject = {{"CN", "k\xc3\xa9"}}})), "accepted");
  EXPECT_EQ(why(make({.subject = {}})), "accepted");
}

TEST(SigningRequest, IsOfP256WithSha256Only) {
  EXPECT_NE(why(make({.key = EVP_EC_gen("P-384")})), "accepted");
  EXPECT_NE(why(make({.key = EVP_EC_gen("P-521")})), "accepted");
  EXPECT_NE(why(make({.key = EVP_EC_gen("secp256k1")})), "accepted");
  EXPECT_NE(why(make({.key = EVP_RSA_gen(1024)})), "accepted");
  EXPECT_NE(why(make({.key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), .digest = nullptr})),
            "accepted");
  EXPECT_NE(why(make({.digest = EVP_sha1()})), "accepted");
  EXPECT_NE(why(make({.digest = EVP_sha512()})), "accepted");
  EXPECT_NE(why(make({.version = 1})), "accepted");
}

TEST(SigningRequest, RefusesCompressedAndExplicitKeys) {
  EVP_PKEY* const compressed = EVP_EC_gen("P-256");
  EVP_PKEY_set_utf8_string_param(compressed, "point-format", "compressed");
  EXPECT_NE(why(make({.key = compressed})), "accepted");
  EVP_PKEY* const spelled_out = EVP_EC_gen("P-256");
  EVP_PKEY_set_utf8_string_param(spelled_out, "encoding", "explicit");
  EXPECT_NE(why(make({.key = spelled_out})), "accepted");
}

TEST(SigningRequest, IsProofOfPossession) {
  const std::string pem = make({});
  const auto bio = openssl::read_from(pem);
  const openssl::Handle<X509_REQ> request(PEM_read_bio_X509_REQ(bio.get(), nullptr, nullptr, nullptr));
  const openssl::Handle<EVP_PKEY> other(EVP_EC_gen("P-256"));
  X509_REQ_set_pubkey(request.get(), other.get());  // another's key under the old signature
  const auto out = openssl::new_buffer();
  PEM_write_bio_X509_REQ(out.get(), request.get());
  EXPECT_EQ(why(openssl::text_of(out.get())), "signing request: not signed by the key that it names");
}

TEST(SigningRequest, IsOneBlockOfBoundedSize) {
  const std::string pem = make({});
  EXPECT_EQ(why("\n \r\n" + pem + "\n"), "accepted");
  EXPECT_NE(why(pem + pem), "accepted");
  EXPECT_NE(why("text before " + pem), "accepted");
  EXPECT_NE(why(pem + "x"), "accepted");
  EXPECT_NE(why(pem + std::string(4096, '\n')), "accepted");
  EXPECT_NE(why(""), "accepted");
  EXPECT_NE(why("-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n"), "accepted");
  EXPECT_NE(why(SigningKey::generate()->pem()), "accepted");
}

TEST(SigningRequest, InDerEndsWhereItSaysItEnds) {
  const std::string pem = make({});
  const auto bio = openssl::read_from(pem);
  const openssl::Handle<X509_REQ> request(PEM_read_bio_X509_REQ(bio.get(), nullptr, nullptr, nullptr));
  unsigned char* data = nullptr;
  const int length = i2d_X509_REQ(request.get(), &data);
  const std::string der(reinterpret_cast<char*>(data), static_cast<std::size_t>(length));
  OPENSSL_free(data);
  EXPECT_EQ(why(der), "accepted");
  EXPECT_NE(why(der + '\0'), "accepted");
  for (std::size_t i = 0; i < der.size(); i += 7) EXPECT_NE(why(der.substr(0, i)), "accepted") << i;
  for (std::size_t i = 0; i < der.size(); ++i) {
    std::string flipped = der;
    flipped[i] = static_cast<char>(flipped[i] ^ 0x10);
    EXPECT_NE(why(flipped), "accepted") << i;
  }
}

}  // namespace
}  // namespace stratus::crypto
