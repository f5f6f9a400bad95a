#include "stratus/update/offered_release.hpp"

#include <gtest/gtest.h>

#include "stratus/crypto/sha256.hpp"

namespace stratus::update {
namespace {

struct Offer {
  crypto::SigningKey key = *crypto::SigningKey::generate();
  wire::NextRelease next;

  explicit Offer(bool with_payload = true) {
    next.name = "web";
    next.version = "1";
    next.manifest = "{}";
    sign({"web", sha256(next.manifest), "1", 7}, with_payload);
  }
  void sign(const crypto::ReleaseStatement& statement, bool with_payload = true) {
    const auto signature = crypto::sign_statement(statement, key);
    ASSERT_TRUE(signature);
    next.signatures = {
        {signature->key_id, with_payload ? signature->payload : "", signature->signature, statement.counter}};
  }
  Result<crypto::ReleaseStatement> check(std::uint64_t floor = 0) const {
    std::vector<crypto::PublicKey> keys{key.public_key()};
    return check_offer(next, "web", *crypto::make_pinned_key_verifier(std::move(keys)), floor);
  }
  // Empty when it was not refused.
  std::string refusal(std::uint64_t floor = 0) const {
    const auto checked = check(floor);
    if (checked) return "";
    EXPECT_EQ(checked.error().code(), ErrorCode::denied);
    return checked.error().text();
  }
};

bool contains(const std::string& text, const std::string& words) { return text.find(words) != text.npos; }

TEST(OfferedRelease, TheStatementMayBeLeftOutWhereItFollows) {
  for (const bool with_payload : {true, false}) {
    const auto checked = Offer(with_payload).check();
    ASSERT_TRUE(checked) << checked.error().text();
    EXPECT_EQ(checked->counter, 7u);
    EXPECT_EQ(checked->version, "1");
  }
}

TEST(OfferedRelease, EveryPartIsThatWhichWasSigned) {
  Offer offer(false);
  offer.next.signatures[0].counter = 8;
  EXPECT_NE(offer.refusal(), "") << "another counter";
  offer = Offer(false);
  offer.next.version = "2";
  EXPECT_NE(offer.refusal(), "") << "another version, statement left out";
  offer = Offer();
  offer.next.version = "2";
  EXPECT_TRUE(contains(offer.refusal(), "offered as version '2', signed as '1'")) << offer.refusal();
  offer = Offer();
  offer.next.manifest += " ";
  EXPECT_NE(offer.refusal(), "") << "another manifest";
  offer = Offer();
  offer.next.name = "other";
  EXPECT_TRUE(contains(offer.refusal(), "asked for 'web', was offered 'other'")) << offer.refusal();
  offer = Offer();
  offer.sign({"other", sha256(offer.next.manifest), "1", 7});
  EXPECT_NE(offer.refusal(), "") << "signed for another name";
  offer = Offer();
  offer.next.signatures = Offer().next.signatures;
  EXPECT_NE(offer.refusal(), "") << "another key";
  offer.next.signatures.clear();
  EXPECT_NE(offer.refusal(), "") << "no key";
}

TEST(OfferedRelease, WhatWasReplacedHereIsRefusedUntilItIsSignedAnew) {
  Offer offer;
  EXPECT_EQ(offer.refusal(7), "");
  const std::string refusal = offer.refusal(8);
  EXPECT_TRUE(contains(refusal, "counter is 7, this device has committed 8")) << refusal;
  EXPECT_TRUE(contains(refusal, "`stratus deploy web:1 --sign-key FILE`")) << refusal;
  offer.sign({"web", sha256(offer.next.manifest), "1", 9});
  EXPECT_EQ(offer.refusal(8), "");
}

}  // namespace
}  // namespace stratus::update
