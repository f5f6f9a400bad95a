#include "stratus/crypto/sha256.hpp"

#include <gtest/gtest.h>

namespace stratus {
namespace {

// FIPS 180-4 example values.
TEST(Sha256, AgreesWithTheStandard) {
  EXPECT_EQ(sha256("").hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc").hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, InPiecesIsTheSameAsAtOnce) {
  Sha256 hash;
  hash.update(as_bytes("a"));
  EXPECT_EQ(hash.peek(), sha256("a"));
  hash.update(as_bytes("bc"));
  EXPECT_EQ(hash.finish(), sha256("abc"));
}

}  // namespace
}  // namespace stratus
