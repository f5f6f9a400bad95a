#include "stratus/crypto/certificate.hpp"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include "stratus/base/file.hpp"
#include "stratus/base/temporary_directory_testing.hpp"
#include "stratus/crypto/certificate_names.hpp"
#include "stratus/crypto/certificate_testing.hpp"
#include "stratus/crypto/platform/openssl/handles.hpp"

namespace stratus::crypto {
namespace {

TEST(Certificate, IsValidForItsNamesAndForNoOther) {
  const SigningKey key = *SigningKey::generate();
  const auto pem = make_self_signed_certificate(
      key, {.common_name = "gw", .names = {"localhost", "127.0.0.1", "::1"}, .now = system_clock().wall()});
  ASSERT_TRUE(pem) << pem.error().text();
  const auto certificate = read_certificate(*pem);
  ASSERT_TRUE(certificate);
  EXPECT_EQ(X509_check_host(certificate.get(), "localhost", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate.get(), "127.0.0.1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate.get(), "::1", 0), 1);
  EXPECT_EQ(X509_check_host(certificate.get(), "example.org", 0, 0, nullptr), 0);
  EXPECT_EQ(X509_check_ca(certificate.get()), 0);
}

TEST(Certificate, SaysWhetherItCanStandForAServer) {
  const auto pem = make_self_signed_certificate(*SigningKey::generate(),
                                                {.names = {"gate"}, .now = system_clock().wall()});
  ASSERT_TRUE(pem);
  EXPECT_TRUE(has_server_names(*pem));
  EXPECT_FALSE(has_server_names("no certificate"));
}

TEST(Certificate, VerifiesWhenItsFileIsTheTrustStore) {
  const auto pem = make_self_signed_certificate(*SigningKey::generate(),
                                                {.names = {"localhost"}, .now = system_clock().wall()});
  const auto certificate = read_certificate(*pem);
  X509_STORE* const store = X509_STORE_new();
  X509_STORE_add_cert(store, certificate.get());
  X509_STORE_CTX* const context = X509_STORE_CTX_new();
  X509_STORE_CTX_init(context, store, certificate.get(), nullptr);
  X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER);
  EXPECT_EQ(X509_verify_cert(context), 1) << X509_verify_cert_error_string(X509_STORE_CTX_get_error(context));
  X509_STORE_CTX_free(context);
  X509_STORE_free(store);
}

TEST(Certificate, RefusesNamesThatWouldSmuggleInOthers) {
  const SigningKey key = *SigningKey::generate();
  EXPECT_FALSE(make_self_signed_certificate(key, {.names = {"a,DNS:b"}, .now = system_clock().wall()}));
  EXPECT_FALSE(make_self_signed_certificate(key, {.names = {}, .now = system_clock().wall()}));
}

TEST(TlsFiles, AreMadeOnceAndKept) {
  const testing::TemporaryDirectory directory;
  const CertificateOptions options{.names = default_server_names(), .now = system_clock().wall()};
  const auto first = ensure_tls_files(directory / "tls", "server", options);
  ASSERT_TRUE(first) << first.error().text();
  EXPECT_TRUE(first->created);
  struct stat status {};
  ASSERT_EQ(::stat(first->key.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  const std::string before = *read_file(first->certificate, 1 << 16);
  EXPECT_FALSE(ensure_tls_files(directory / "tls", "server", options)->created);
  EXPECT_EQ(*read_file(first->certificate, 1 << 16), before);
}

TEST(TlsFiles, NeverLoseAKeyThatIsThere) {
  const testing::TemporaryDirectory directory;
  const CertificateOptions options{.names = {"localhost"}, .now = system_clock().wall()};
  const auto files = ensure_tls_files(directory.path(), "server", options);
  const std::string key = *read_file(files->key, 1 << 16);
  ASSERT_EQ(::remove(files->certificate.c_str()), 0);
  ASSERT_TRUE(ensure_tls_files(directory.path(), "server", options));
  EXPECT_EQ(*read_file(files->key, 1 << 16), key);
  ASSERT_EQ(::remove(files->key.c_str()), 0);
  EXPECT_EQ(ensure_tls_files(directory.path(), "server", options).error().code(), ErrorCode::conflict);
}

}  // namespace
}  // namespace stratus::crypto
