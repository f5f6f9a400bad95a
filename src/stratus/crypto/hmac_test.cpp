#include "stratus/crypto/hmac.hpp"

#include <gtest/gtest.h>

namespace stratus::crypto {
namespace {

TEST(Hmac, IsRfc4231TestCaseTwo) {
  EXPECT_EQ(hmac_sha256_hex("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(SameSecret, ComparesWholeTexts) {
  EXPECT_TRUE(same_secret("abc", "abc"));
  EXPECT_FALSE(same_secret("abc", "abd"));
  EXPECT_FALSE(same_secret("abc", "abcd"));
}

}  // namespace
}  // namespace stratus::crypto
