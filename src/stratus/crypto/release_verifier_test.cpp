#include "stratus/crypto/release_verifier.hpp"

#include <gtest/gtest.h>

#include "stratus/crypto/sha256.hpp"

namespace stratus::crypto {
namespace {

class Verifier : public ::testing::Test {
 protected:
  const SigningKey key_ = *SigningKey::generate();
  const Digest manifest_ = sha256("manifest");
  const std::unique_ptr<ReleaseVerifier> verifier_ = make_pinned_key_verifier({key_.public_key()});

  StatementSignature good() const { return *sign_statement({"app", manifest_, "1.0", 1700000000}, key_); }
  void expect_denied(const std::vector<StatementSignature>& signatures, const std::string& words,
                     std::string_view name = "app") const {
    const auto verified = verifier_->verify(name, manifest_, signatures);
    ASSERT_FALSE(verified);
    EXPECT_EQ(verified.error().code(), ErrorCode::denied);
    EXPECT_NE(verified.error().text().find(words), std::string::npos) << verified.error().text();
  }
};

TEST_F(Verifier, AcceptsAGoodSignature) {
  const std::vector<StatementSignature> signatures{good()};
  const auto verified = verifier_->verify("app", manifest_, signatures);
  ASSERT_TRUE(verified) << verified.error().text();
  EXPECT_EQ(verified->version, "1.0");
}

TEST_F(Verifier, AcceptsOneGoodAmongBad) {
  StatementSignature damaged = good();
  damaged.signature[10] ^= 1;
  const std::vector<StatementSignature> signatures{damaged, good()};
  EXPECT_TRUE(verifier_->verify("app", manifest_, signatures));
}

TEST_F(Verifier, SaysWhyItRefuses) {
  expect_denied({}, "is not signed");
  expect_denied({*sign_statement({"app", manifest_, "1.0", 0}, *SigningKey::generate())}, "not pinned here");
  StatementSignature altered = good();
  altered.payload.replace(altered.payload.find("1.0"), 3, "2.0");
  expect_denied({altered}, "does not match");
  expect_denied({*sign_statement({"app", sha256("other"), "1.0", 0}, key_)}, "for manifest");
  expect_denied({good()}, "for 'app'", "other");
  const auto nobody = make_pinned_key_verifier({});
  const std::vector<StatementSignature> signatures{good()};
  EXPECT_EQ(nobody->verify("app", manifest_, signatures).error().code(), ErrorCode::denied);
}

TEST_F(Verifier, RefusesAForeignKeyThatClaimsAPinnedId) {
  StatementSignature forged = *sign_statement({"app", manifest_, "1.0", 0}, *SigningKey::generate());
  forged.key_id = key_.public_key().id();
  expect_denied({forged}, "does not match");
}

TEST_F(Verifier, RefusesASignedTextThatIsNoReleaseStatement) {
  StatementSignature other;
  other.key_id = key_.public_key().id();
  other.payload =
      R"({"critical":{"identity":{"docker-reference":"app"},"image":{"docker-manifest-digest":")" +
      manifest_.text() + R"("},"type":"something else"}})";
  other.signature = *key_.sign(as_bytes(other.payload));
  const std::vector<StatementSignature> signatures{other};
  EXPECT_FALSE(verifier_->verify("app", manifest_, signatures));
}

TEST_F(Verifier, BelievesTheNewestOfSeveralGoodSignatures) {
  const StatementSignature again = *sign_statement({"app", manifest_, "1.0", 1800000000}, key_);
  for (const auto& signatures : {std::vector{good(), again}, std::vector{again, good()}}) {
    const auto verified = verifier_->verify("app", manifest_, signatures);
    ASSERT_TRUE(verified) << verified.error().text();
    EXPECT_EQ(verified->counter, 1800000000u);
  }
}

TEST(Statement, CountsReleases) {
  EXPECT_EQ(next_counter(1700000000, 0), 1700000000u);
  EXPECT_EQ(next_counter(1700000000, 1700000000), 1700000001u);
  EXPECT_EQ(next_counter(5, 1700000000), 1700000001u);  // a clock that lost its time
  EXPECT_EQ(next_counter(-5, 0), 1u);
  EXPECT_EQ(next_counter(5, ReleaseStatement::kMaxCounter), ReleaseStatement::kMaxCounter);

  const auto counter_of = [](const std::string& optional) {
    std::string text = encode_statement({"app", sha256("m"), "1", 7});
    text.replace(text.find(R"("optional":)"), std::string::npos, "\"optional\":" + optional + "}");
    return parse_statement(text);
  };
  EXPECT_EQ(counter_of(R"({"counter":12,"created":1700000000})")->counter, 12u);
  EXPECT_EQ(counter_of(R"({"created":1700000000})")->counter, 1700000000u);
  EXPECT_EQ(counter_of(R"({"created":-1})")->counter, 0u);
  EXPECT_EQ(counter_of(R"({"created":9007199254740991})")->counter, 0u);
  EXPECT_EQ(counter_of("{}")->counter, 0u);
  EXPECT_FALSE(counter_of(R"({"counter":-1})"));
  EXPECT_FALSE(counter_of(R"({"counter":"9"})"));
  EXPECT_FALSE(counter_of(R"({"counter":9007199254740992})"));
}

TEST(Statement, HasOneSpellingAndComesBack) {
  const ReleaseStatement statement{"team/app", sha256("m"), "2.1", 1700000000};
  const std::string text = encode_statement(statement);
  const auto parsed = parse_statement(text);
  ASSERT_TRUE(parsed) << parsed.error().text();
  EXPECT_EQ(encode_statement(*parsed), text);
  EXPECT_EQ(parsed->name, "team/app");
  EXPECT_EQ(parsed->counter, 1700000000u);
  EXPECT_FALSE(parse_statement("{}"));
  EXPECT_FALSE(parse_statement(std::string(5000, ' ')));
}

}  // namespace
}  // namespace stratus::crypto
