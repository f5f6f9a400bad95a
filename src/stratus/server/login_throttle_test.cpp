#include "stratus/server/login_throttle.hpp"

#include <gtest/gtest.h>

namespace stratus::server {
namespace {

using std::chrono::seconds;

TEST(Throttle, WaitsDoubleAfterTheFreeTries) {
  Throttle throttle({});
  SteadyTime now{};
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(throttle.refuse("alice", now)) << i;
  for (const int wait : {1, 2, 4, 8, 16, 32, 60, 60}) {
    EXPECT_EQ(throttle.refuse("alice", now), seconds(wait));
    now += seconds(wait);
    EXPECT_FALSE(throttle.refuse("alice", now)) << wait;
  }
  EXPECT_FALSE(throttle.refuse("bob", now));
}

TEST(Throttle, SuccessAndTimeForgive) {
  Throttle throttle({});
  SteadyTime now{};
  for (int i = 0; i < 5; ++i) (void)throttle.refuse("alice", now);
  EXPECT_TRUE(throttle.refuse("alice", now));
  throttle.succeeded("alice");
  EXPECT_FALSE(throttle.refuse("alice", now));
  for (int i = 0; i < 5; ++i) (void)throttle.refuse("bob", now);
  now += seconds(15 * 60 + 1);
  EXPECT_FALSE(throttle.refuse("bob", now));
  EXPECT_FALSE(throttle.refuse("bob", now));
}

TEST(Throttle, HoldsABoundedNumberOfKeys) {
  Throttle throttle({}, 100);
  SteadyTime now{};
  for (int i = 0; i < 1000; ++i) {
    now += std::chrono::milliseconds(1);
    (void)throttle.refuse(std::to_string(i), now);
  }
  EXPECT_EQ(throttle.size(), 100u);
}

}  // namespace
}  // namespace stratus::server
