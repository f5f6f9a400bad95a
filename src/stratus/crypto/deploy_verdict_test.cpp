#include "stratus/crypto/deploy_verdict.hpp"

#include <gtest/gtest.h>

namespace stratus::crypto {
namespace {

DeployFacts going_to(const std::string& version, std::vector<SignedAs> signatures) {
  DeployFacts facts;
  facts.name = "web";
  facts.version = version;
  facts.signatures = std::move(signatures);
  return facts;
}

DeployFacts with_target(DeployFacts facts, std::vector<SignedAs> signatures) {
  facts.target_version = "2";
  facts.target_signatures = std::move(signatures);
  return facts;
}

bool contains(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

TEST(DeployVerdictTest, TrialsNeedNoSignature) {
  EXPECT_EQ(judge(going_to("1", {})).problem, "");
  EXPECT_EQ(judge(with_target(going_to("3", {}), {})).problem, "");
  EXPECT_FALSE(judge(going_to("1", {})).is_signed);
}

TEST(DeployVerdictTest, AnUnsignedVersionDoesNotFollowASignedOne) {
  const DeployVerdict verdict = judge(with_target(going_to("3", {}), {{"a", "2", 20}}));
  EXPECT_TRUE(contains(verdict.problem, "web:3 is not signed")) << verdict.problem;
  EXPECT_TRUE(contains(verdict.problem, "`stratus deploy web:3 --sign-key release.key`"));
  EXPECT_EQ(verdict.reason, "unsigned");
}

TEST(DeployVerdictTest, GoingBackNeedsANewSignature) {
  const DeployVerdict verdict = judge(with_target(going_to("1", {{"a", "1", 10}}), {{"a", "2", 20}}));
  EXPECT_TRUE(contains(verdict.problem, "web:1 was signed before web:2")) << verdict.problem;
  EXPECT_EQ(verdict.reason, "signed_earlier");
  EXPECT_TRUE(verdict.is_signed);
  EXPECT_EQ(judge(with_target(going_to("1", {{"a", "1", 10}, {"a", "1", 30}}), {{"a", "2", 20}})).problem,
            "");
  EXPECT_EQ(judge(with_target(going_to("2", {{"a", "2", 20}}), {{"a", "2", 20}})).problem, "") << "itself";
}

TEST(DeployVerdictTest, EachKeyCountsForItself) {
  const std::vector<SignedAs> before{{"a", "2", 20}, {"b", "2", 90}};
  EXPECT_EQ(judge(with_target(going_to("3", {{"a", "3", 21}}), before)).problem, "");
  EXPECT_NE(judge(with_target(going_to("3", {{"c", "3", 21}}), before)).problem, "")
      << "a key unknown so far";
  EXPECT_EQ(judge(with_target(going_to("3", {{"c", "3", 91}}), before)).problem, "");
  // What the target's image was signed as beside its version says nothing about the target.
  EXPECT_EQ(judge(with_target(going_to("3", {{"a", "3", 21}}), {{"a", "2b", 99}})).problem, "");
}

TEST(DeployVerdictTest, ASignatureIsForOneVersion) {
  for (const bool deployed : {false, true}) {
    DeployFacts facts = going_to("5", {{"a", "2", 20}});
    if (deployed) facts = with_target(std::move(facts), {{"a", "2", 20}});
    const DeployVerdict verdict = judge(facts);
    EXPECT_TRUE(contains(verdict.problem, "no signature names web:5")) << verdict.problem;
    EXPECT_TRUE(contains(verdict.problem, "signed as web:2"));
    EXPECT_FALSE(verdict.is_signed);
    EXPECT_EQ(verdict.reason, "unsigned");
  }
}

TEST(DeployVerdictTest, OnlyAMissingSignatureCanBeWaived) {
  const DeployVerdict without = judge(with_target(going_to("3", {}), {{"a", "2", 20}}));
  EXPECT_EQ(without.check(false).error().code(), ErrorCode::conflict);
  EXPECT_EQ(without.check(false).error().reason(), "unsigned");
  EXPECT_TRUE(without.check(true));
  const DeployVerdict early = judge(with_target(going_to("1", {{"a", "1", 10}}), {{"a", "2", 20}}));
  EXPECT_EQ(early.check(true).error().reason(), "signed_earlier");
  EXPECT_TRUE(judge(going_to("1", {})).check(false));
}

}  // namespace
}  // namespace stratus::crypto
