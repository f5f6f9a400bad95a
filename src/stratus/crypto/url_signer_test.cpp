#include "stratus/crypto/url_signer.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "stratus/base/result.hpp"
#include "stratus/base/temporary_directory_testing.hpp"

namespace stratus::crypto {
namespace {

TEST(UrlSigner, MatchesHmacOfTheDocumentedText) {
  // printf 'GET\n/a\n1000' | openssl dgst -sha256 -mac HMAC -macopt hexkey:0101…01 -binary | base64
  const UrlSigner signer(Bytes(32, 1));
  EXPECT_EQ(signer.sign("GET", "/a", 1000), "Y0b2I8kMUeDicEBR89aGlM3PtrgTy_iVd-wv-efd4VM");
  EXPECT_EQ(signer.signed_path("GET", "/a", 1000),
            "/a?expires=1000&signature=Y0b2I8kMUeDicEBR89aGlM3PtrgTy_iVd-wv-efd4VM");
}

TEST(UrlSigner, AcceptsOnlyWhatWasSigned) {
  const UrlSigner signer(Bytes(32, 1));
  const std::string good = signer.sign("PUT", "/x", 1000);
  EXPECT_TRUE(signer.verify("PUT", "/x", 1000, good, 1000));
  const auto reason = [&](std::string_view method, std::string_view path, std::int64_t expires,
                          std::string_view signature, std::int64_t now) {
    const auto verdict = signer.verify(method, path, expires, signature, now);
    return verdict ? std::string("accepted") : verdict.error().reason();
  };
  EXPECT_EQ(reason("PUT", "/x", 1000, good, 1001), "link_expired");
  EXPECT_EQ(reason("GET", "/x", 1000, good, 0), "link_invalid");
  EXPECT_EQ(reason("PUT", "/y", 1000, good, 0), "link_invalid");
  EXPECT_EQ(reason("PUT", "/x", 1001, good, 0), "link_invalid");
  EXPECT_EQ(reason("PUT", "/x", 1000, good.substr(1), 0), "link_invalid");
  EXPECT_EQ(reason("PUT", "/x", 1000, good + "A", 0), "link_invalid");
  EXPECT_EQ(reason("PUT", "/x", 1000, "", 0), "link_invalid");
  EXPECT_FALSE(UrlSigner(Bytes(32, 2)).verify("PUT", "/x", 1000, good, 0));
}

TEST(UrlSigner, KeepsItsSecretInAFileForItselfOnly) {
  const stratus::testing::TemporaryDirectory directory;
  const auto file = directory / "links.key";
  const auto first = UrlSigner::load_or_make(file);
  ASSERT_TRUE(first);
  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  const auto again = UrlSigner::load_or_make(file);
  ASSERT_TRUE(again);
  EXPECT_EQ(first->sign("GET", "/", 1), again->sign("GET", "/", 1));
}

}  // namespace
}  // namespace stratus::crypto
