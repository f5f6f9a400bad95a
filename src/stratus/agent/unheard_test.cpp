#include "stratus/agent/unheard.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stratus::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class UnheardTest : public ::testing::Test {
 protected:
  std::uint64_t say(std::string body) {
    const std::uint64_t seq = unheard.next_seq();
    unheard.add(seq, "log", std::move(body));
    return seq;
  }
  std::vector<std::string> due() {
    std::vector<std::string> bodies;
    for (const Unheard::Message& message : unheard.take_due(now)) bodies.push_back(message.body);
    return bodies;
  }
  Unheard unheard{41};
  SteadyTime now{};
};

TEST_F(UnheardTest, IsSaidAtOnceAndAgainUntilItIsHeard) {
  EXPECT_EQ(say("a"), 42u);
  const std::uint64_t second = say("b");
  EXPECT_THAT(due(), ElementsAre("a", "b"));
  EXPECT_THAT(due(), IsEmpty());
  now += Unheard::kPatience - Millis(1);
  EXPECT_THAT(due(), IsEmpty());
  now += Millis(1);
  EXPECT_THAT(due(), ElementsAre("a", "b"));
  unheard.heard(wire::Stored{{7, second}, {}});
  now += Unheard::kPatience;
  EXPECT_THAT(due(), ElementsAre("a"));
}

TEST_F(UnheardTest, WhatIsRefusedIsNotSaidAgain) {
  const std::uint64_t seq = say("a");
  unheard.heard(wire::Stored{{}, {{seq, "too long"}}});
  EXPECT_THAT(due(), IsEmpty());
  EXPECT_EQ(unheard.size(), 0u);
}

TEST_F(UnheardTest, ANewConnectionDoesNotWait) {
  (void)say("a");
  EXPECT_THAT(due(), ElementsAre("a"));
  unheard.say_again();
  EXPECT_THAT(due(), ElementsAre("a"));
}

TEST_F(UnheardTest, KeepsTheLastHundred) {
  for (int i = 0; i < 130; ++i) (void)say(std::to_string(i));
  const auto kept = due();
  ASSERT_EQ(kept.size(), Unheard::kMax);
  EXPECT_EQ(kept.front(), "30");
  EXPECT_EQ(kept.back(), "129");
}

}  // namespace
}  // namespace stratus::agent
