#include "stratus/server/attempt_limit.hpp"

#include <gtest/gtest.h>

namespace stratus::server {
namespace {

using namespace std::chrono_literals;

constexpr AttemptLimit::Limits kLimits{3, 5, Millis(1000), 100};

TEST(AttemptLimit, HoldsBackOneKeyUntilItsWindowIsOver) {
  AttemptLimit limit(kLimits);
  const SteadyTime start{1h};
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(limit.wait_for("a", start + 100ms * i), Millis(0));
    limit.count("a", start + 100ms * i);
  }
  EXPECT_EQ(limit.wait_for("a", start + 300ms), Millis(700));
  EXPECT_EQ(limit.wait_for("b", start + 300ms), Millis(0));
  EXPECT_EQ(limit.wait_for("a", start + 1000ms), Millis(0));
  limit.count("a", start + 1000ms);
  EXPECT_EQ(limit.wait_for("a", start + 1000ms), Millis(100));
}

TEST(AttemptLimit, HoldsBackEverybodyWhenManyFail) {
  AttemptLimit limit(kLimits);
  const SteadyTime start{1h};
  for (int i = 0; i < 5; ++i) limit.count("key" + std::to_string(i), start);
  EXPECT_EQ(limit.wait_for("another", start + 10ms), Millis(990));
  EXPECT_EQ(limit.wait_for("another", start + 1000ms), Millis(0));
}

TEST(AttemptLimit, StaysBounded) {
  AttemptLimit limit({3, 1'000'000, Millis(1'000'000'000), 100});
  const SteadyTime start{1h};
  for (int i = 0; i < 10'000; ++i) limit.count("key" + std::to_string(i), start);
  for (int i = 0; i < 3; ++i) limit.count("a", start);
  EXPECT_GT(limit.wait_for("a", start), Millis(0));
}

TEST(AttemptKey, IsTheAddressAndHalfOfALongOne) {
  EXPECT_EQ(attempt_key("10.0.0.1:1234"), "10.0.0.1");
  EXPECT_EQ(attempt_key("[2001:db8::1]:1234"), attempt_key("[2001:db8::2]:99"));
  EXPECT_NE(attempt_key("[2001:db8::1]:1234"), attempt_key("[2001:db8:0:1::1]:1234"));
}

}  // namespace
}  // namespace stratus::server
