#include "stratus/gateway/delivery_plan.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace stratus::gateway {
namespace {

constexpr SteadyTime kStart{std::chrono::hours(1)};

class DeliveryPlanTest : public ::testing::Test {
 protected:
  DeliveryPlan::Id send(SteadyTime now = kStart) {
    const auto sending = plan_.next(now);
    if (!sending) return 0;
    last_ = *sending;
    return sending->id;
  }
  void fail(Millis least = Millis(0), SteadyTime now = kStart) { plan_.failed(last_, now, least, 0.5); }
  // Everything that can be sent now, with success.
  std::vector<DeliveryPlan::Id> drain(SteadyTime now = kStart) {
    std::vector<DeliveryPlan::Id> ids;
    while (send(now) != 0) {
      ids.push_back(last_.id);
      plan_.done(last_);
    }
    return ids;
  }
  DeliveryPlan plan_;
  DeliveryPlan::Sending last_;
};

TEST_F(DeliveryPlanTest, KeepsTheOrderOfADeviceAndTakesTurnsBetweenThem) {
  plan_.add("a", 1);
  plan_.add("a", 2);
  plan_.add("b", 3);
  EXPECT_EQ(drain(), (std::vector<DeliveryPlan::Id>{1, 3, 2}));
  EXPECT_EQ(plan_.wake_at(), SteadyTime::max());
}

TEST_F(DeliveryPlanTest, SendsOneOfADeviceAtATime) {
  plan_.add("a", 1);
  plan_.add("a", 2);
  plan_.add("b", 3);
  EXPECT_EQ(send(), 1u);
  const auto slow = last_;
  EXPECT_EQ(send(), 3u);
  plan_.done(last_);
  EXPECT_EQ(send(), 0u);  // however long the first takes
  plan_.done(slow);
  EXPECT_EQ(send(), 2u);
}

TEST_F(DeliveryPlanTest, AFailureHoldsUpItsOwnDeviceOnly) {
  plan_.add("a", 1);
  plan_.add("a", 2);
  ASSERT_EQ(send(), 1u);
  fail();
  for (DeliveryPlan::Id id = 10; id < 20; ++id) plan_.add("b", id);
  EXPECT_EQ(drain().size(), 10u);
  const SteadyTime again = plan_.wake_at();
  EXPECT_GT(again, kStart);
  EXPECT_LE(again, kStart + Millis(500));
  EXPECT_EQ(send(again - Millis(1)), 0u);
  EXPECT_EQ(drain(again), (std::vector<DeliveryPlan::Id>{1, 2}));
}

TEST_F(DeliveryPlanTest, PausesGrowAndAreAsLongAsAskedFor) {
  plan_.add("a", 1);
  SteadyTime now = kStart;
  Millis before(0);
  for (int round = 0; round < 12; ++round) {
    ASSERT_EQ(send(now), 1u);
    fail(Millis(0), now);
    const auto pause = std::chrono::duration_cast<Millis>(plan_.wake_at() - now);
    EXPECT_GE(pause, before);
    before = pause;
    now = plan_.wake_at();
  }
  EXPECT_LE(before, Millis(60'000));
  EXPECT_GE(before, Millis(30'000));
  ASSERT_EQ(send(now), 1u);
  fail(Millis(120'000), now);
  EXPECT_EQ(plan_.wake_at(), now + Millis(120'000));
}

TEST_F(DeliveryPlanTest, WhenManyFailItAsksOneAtATimeAndGoesOnAtTheFirstSuccess) {
  const std::vector<std::string> devices{"a", "b", "c", "d", "e", "f"};
  for (std::size_t i = 0; i < devices.size(); ++i) plan_.add(devices[i], i + 1);
  for (int i = 0; i < 4; ++i) {
    ASSERT_NE(send(), 0u);
    fail();
  }
  EXPECT_EQ(send(), 0u) << "the upstream has trouble";
  const SteadyTime again = plan_.wake_at();
  ASSERT_GT(again, kStart);
  ASSERT_EQ(send(again), 5u);
  EXPECT_EQ(send(again), 0u) << "one is under way";
  EXPECT_EQ(plan_.wake_at(), SteadyTime::max());
  plan_.done(last_);
  EXPECT_EQ(drain(again).size(), 5u) << "nobody waits any longer";
}

TEST_F(DeliveryPlanTest, StubbornDevicesDelayOthersBySecondsAtMost) {
  SteadyTime now = kStart;
  for (DeliveryPlan::Id id = 1; id <= 5; ++id) plan_.add(std::string(id, 's'), id);
  for (int round = 0; round < 200; ++round) {
    if (send(now) != 0) {
      fail(Millis(0), now);
    } else {
      now = plan_.wake_at();
    }
  }
  plan_.add("healthy", 99);
  EXPECT_LE(plan_.wake_at(), now + Millis(15'000));
  bool sent = false;
  for (SteadyTime until = now + Millis(60'000); now < until && !sent; now += Millis(500)) {
    while (send(now) != 0 && !sent) {
      sent = last_.id == 99;
      if (!sent) fail(Millis(0), now);
    }
  }
  EXPECT_TRUE(sent);
}

}  // namespace
}  // namespace stratus::gateway
