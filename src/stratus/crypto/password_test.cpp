#include "stratus/crypto/password.hpp"

#include <gtest/gtest.h>

namespace stratus::crypto {
namespace {

TEST(Password, MatchesItsOwnHashOnly) {
  const auto hash = hash_password("correct horse 배터리");
  ASSERT_TRUE(hash);
  EXPECT_TRUE(hash->starts_with("$argon2id$v=19$m=19456,t=2,p=1$")) << *hash;
  EXPECT_TRUE(password_matches("correct horse 배터리", *hash));
  EXPECT_FALSE(password_matches("correct horse", *hash));
  EXPECT_FALSE(password_matches("", *hash));
  EXPECT_NE(*hash_password("correct horse 배터리"), *hash);  // salted
}

TEST(Password, WhatIsNoHashMatchesNothing) {
  for (const char* text : {"", "x", "$argon2id$", "$argon2i$v=19$m=19456,t=2,p=1$AAAA$AAAA"})
    EXPECT_FALSE(password_matches("", text)) << text;
}

}  // namespace
}  // namespace stratus::crypto
