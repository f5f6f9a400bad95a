#include "stratus/base/digest.hpp"

#include <gtest/gtest.h>

namespace stratus {
namespace {

const std::string kHex64(64, 'a');

TEST(Digest, RoundTripsItsText) {
  const auto digest = Digest::parse("sha256:" + kHex64);
  ASSERT_TRUE(digest);
  EXPECT_EQ(digest->text(), "sha256:" + kHex64);
  EXPECT_FALSE(digest->empty());
  EXPECT_TRUE(Digest().empty());
}

TEST(Digest, RefusesEverythingElse) {
  for (const std::string& bad : std::vector<std::string>{
           "", kHex64, "sha256:" + kHex64.substr(1), "sha256:" + kHex64 + "a", "sha512:" + kHex64,
           "sha256:" + std::string(64, 'A'), "sha256:../../etc/passwd"}) {
    EXPECT_FALSE(Digest::parse(bad)) << bad;
  }
}

}  // namespace
}  // namespace stratus
