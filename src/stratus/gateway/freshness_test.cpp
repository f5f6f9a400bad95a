#include "stratus/gateway/freshness.hpp"

#include <gtest/gtest.h>

#include "stratus/crypto/sha256.hpp"

namespace stratus::gateway {
namespace {

const Digest kOne = sha256(std::string_view("1"));
const Digest kTwo = sha256(std::string_view("2"));
const Digest kThree = sha256(std::string_view("3"));

NextKnowledge knowing(const Digest& target, const Digest& newest, bool body = true) {
  return {true, SteadyTime(Millis(1000)), target, newest, body};
}

TEST(Freshness, EndsWithTheTtlOrANewerTarget) {
  const auto at = [](int ms) { return SteadyTime(Millis(ms)); };
  EXPECT_TRUE(is_fresh(knowing(kTwo, kTwo), at(2999), Millis(2000)));
  EXPECT_FALSE(is_fresh(knowing(kTwo, kTwo), at(3000), Millis(2000)));
  EXPECT_FALSE(is_fresh(knowing(kTwo, kThree), at(1001), Millis(2000)));
  EXPECT_FALSE(is_fresh(knowing(kTwo, kTwo), at(1000), Millis(0)));
  NextKnowledge never = knowing(kTwo, kTwo);
  never.kept = false;
  EXPECT_FALSE(is_fresh(never, at(1001), Millis(2000)));
}

TEST(OfflineAnswer, RepeatsWhatStillLeadsToTheNewest) {
  EXPECT_EQ(offline_answer(knowing(kTwo, kTwo), kOne), OfflineAnswer::kept);
  EXPECT_EQ(offline_answer(knowing(kTwo, kTwo), Digest()), OfflineAnswer::kept);
}

TEST(OfflineAnswer, NeverLeadsToAnOlderTarget) {
  EXPECT_EQ(offline_answer(knowing(kTwo, kThree), kOne), OfflineAnswer::newest_without_deltas);
  EXPECT_EQ(offline_answer(knowing(kTwo, kThree, false), kOne), OfflineAnswer::unknown);
}

TEST(OfflineAnswer, KnowsWhoIsUpToDate) {
  EXPECT_EQ(offline_answer(knowing(kTwo, kThree), kThree), OfflineAnswer::up_to_date);
}

TEST(OfflineAnswer, HelpsAQuestionerNobodyHasSeen) {
  NextKnowledge known;
  EXPECT_EQ(offline_answer(known, kOne), OfflineAnswer::unknown);
  EXPECT_EQ(offline_answer(known, Digest()), OfflineAnswer::unknown);
  known.newest = kTwo;
  EXPECT_EQ(offline_answer(known, kOne), OfflineAnswer::unknown);
  known.newest_body = true;
  EXPECT_EQ(offline_answer(known, kOne), OfflineAnswer::newest_without_deltas);
}

}  // namespace
}  // namespace stratus::gateway
