#include "stratus/crypto/key.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "stratus/base/file.hpp"
#include "stratus/base/temporary_directory_testing.hpp"

namespace stratus::crypto {
namespace {

TEST(Key, VerifiesWhatItSignedAndNothingElse) {
  const SigningKey key = *SigningKey::generate();
  const Bytes signature = *key.sign(as_bytes("message"));
  EXPECT_TRUE(key.public_key().verify(as_bytes("message"), signature));
  const auto other_message = key.public_key().verify(as_bytes("messagf"), signature);
  ASSERT_FALSE(other_message);
  EXPECT_EQ(other_message.error().code(), ErrorCode::denied);
  EXPECT_FALSE(SigningKey::generate()->public_key().verify(as_bytes("message"), signature));
}

TEST(Key, RefusesEveryDamagedSignature) {
  const SigningKey key = *SigningKey::generate();
  const Bytes signature = *key.sign(as_bytes("m"));
  for (std::size_t i = 0; i < signature.size(); ++i) {
    Bytes damaged = signature;
    damaged[i] ^= 1;
    EXPECT_FALSE(key.public_key().verify(as_bytes("m"), damaged)) << i;
  }
  for (std::size_t length = 0; length < signature.size(); ++length) {
    EXPECT_FALSE(key.public_key().verify(as_bytes("m"), BytesView(signature).first(length)));
  }
}

TEST(Key, RefusesASecondSpellingOfASignature) {
  const SigningKey key = *SigningKey::generate();
  const Bytes good = *key.sign(as_bytes("m"));
  Bytes trailing = good;
  trailing.push_back(0);
  EXPECT_FALSE(key.public_key().verify(as_bytes("m"), trailing));
  Bytes long_form = good;  // BER's long form of the sequence's length
  long_form.insert(long_form.begin() + 1, 0x81);
  EXPECT_FALSE(key.public_key().verify(as_bytes("m"), long_form));
  Bytes padded = good;  // a leading zero that the first integer does not need
  padded[1] += 1;
  padded[3] += 1;
  padded.insert(padded.begin() + 4, 0);
  EXPECT_FALSE(key.public_key().verify(as_bytes("m"), padded));
}

TEST(Key, RefusesZeroSignature) {
  const Bytes zeros = {0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00};
  EXPECT_FALSE(SigningKey::generate()->public_key().verify(as_bytes("m"), zeros));
}

TEST(Key, SavesPrivatelyAndNeverOverwrites) {
  const testing::TemporaryDirectory directory;
  const SigningKey key = *SigningKey::generate();
  ASSERT_TRUE(key.save(directory / "release.key"));
  struct stat status {};
  ASSERT_EQ(::stat((directory / "release.key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  const auto again = key.save(directory / "release.key");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), ErrorCode::conflict);
  EXPECT_EQ(SigningKey::load(directory / "release.key")->public_key().id(), key.public_key().id());
}

TEST(Key, PublicKeySurvivesPem) {
  const PublicKey key = SigningKey::generate()->public_key();
  EXPECT_EQ(PublicKey::from_pem(key.pem())->id(), key.id());
  EXPECT_EQ(key.id().size(), 64u);
}

TEST(Key, RefusesOtherKindsOfKey) {
  // An Ed25519 public key (RFC 8410, section 10.1).
  const auto parsed = PublicKey::from_pem(
      "-----BEGIN PUBLIC KEY-----\n"
      "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
      "-----END PUBLIC KEY-----\n");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().text(), "not an ECDSA P-256 key");
  EXPECT_FALSE(PublicKey::from_pem("nonsense"));
  EXPECT_FALSE(SigningKey::from_pem(""));
  EXPECT_FALSE(SigningKey::from_pem(SigningKey::generate()->public_key().pem()));
}

TEST(Key, PublicKeysInDerAreOneForm) {
  const auto key = SigningKey::generate();
  ASSERT_TRUE(key);
  const Bytes der = key->public_key().der();
  const auto read = PublicKey::from_der(der);
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->der(), der);
  EXPECT_EQ(read->pem(), key->public_key().pem());
  EXPECT_EQ(read->id(), PublicKey::from_pem(read->pem())->id());
  const Bytes message{1, 2, 3};
  EXPECT_TRUE(read->verify(message, *key->sign(message)));
  for (const std::size_t at : {std::size_t{0}, std::size_t{26}, std::size_t{40}, der.size() - 1}) {
    Bytes wrong = der;
    wrong[at] ^= 1;  // the last two: no point of the curve
    EXPECT_FALSE(PublicKey::from_der(wrong)) << at;
  }
  Bytes longer = der;
  longer.push_back(0);
  EXPECT_FALSE(PublicKey::from_der(longer));
  EXPECT_FALSE(PublicKey::from_der(Bytes()));
}

}  // namespace
}  // namespace stratus::crypto
