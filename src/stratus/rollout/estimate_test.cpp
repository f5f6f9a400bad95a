#include "stratus/rollout/estimate.hpp"

#include <gtest/gtest.h>

#include "stratus/rollout/rollout_testing.hpp"

namespace stratus::rollout {
namespace {

using testing::digest;

struct Case {
  Spec spec = testing::spec(R"("waves":[{"count":1,"soak_s":60}],"rate_per_minute":60)");
  Plan plan;
  std::vector<std::map<Digest, Ways>> ways{1};
  std::map<std::string, std::string> gateways;

  Case() {
    plan.wave_sizes = {1, 3};
    for (const char* id : {"a", "b", "c", "d"}) {
      Member member;
      member.id = id;
      member.before = {{digest(1), "1"}};
      plan.members.push_back(member);
    }
    plan.members[3].before = {{Digest(), ""}};
    const std::vector<SizedBlob> layers{{digest(100), 5000}, {digest(101), 700}};
    ways[0][digest(1)] = {30, layers, {{digest(101), 700}}, {{digest(102), 20}}};
    ways[0][Digest()] = {30, layers, layers, {}};
  }
  Estimate run() const { return estimate(spec, plan, ways, gateways); }
};

TEST(Estimate, TakesTheCheapestWayOfEachDevice) {
  const Estimate total = Case().run();
  ASSERT_EQ(total.kinds.size(), 2U);
  EXPECT_EQ(total.kinds[0].plan, "delta");
  EXPECT_EQ(total.kinds[0].devices, 3U);
  EXPECT_EQ(total.kinds[0].bytes, 50U);
  EXPECT_EQ(total.kinds[0].layers_reused, 1U);
  EXPECT_EQ(total.kinds[1].plan, "full");
  EXPECT_EQ(total.kinds[1].bytes, 5730U);
  EXPECT_EQ(total.device_bytes, 3U * 50 + 5730);
  EXPECT_EQ(total.upstream_bytes, total.device_bytes) << "no gateway: everybody fetches from the server";
  EXPECT_EQ(total.full_bytes, 4U * 5730);
  EXPECT_EQ(total.shortest_ms, 60'000 + 3000);
}

TEST(Estimate, EachBlobEntersAGatewayOnce) {
  Case at;
  at.gateways = {{"a", "site"}, {"b", "site"}, {"d", "site"}};
  const Estimate total = at.run();
  EXPECT_EQ(total.gateway_bytes, 30U + 20 + 5700) << "one delta, both layers, one head";
  EXPECT_EQ(total.upstream_bytes, total.gateway_bytes + 50);
  ASSERT_EQ(total.gateways.size(), 1U);
  EXPECT_EQ(total.gateways[0].name, "site");
  EXPECT_EQ(total.gateways[0].devices, 3U);
  EXPECT_EQ(total.gateways[0].bytes, total.gateway_bytes);
}

TEST(Estimate, ExpectsWhatDevicesUsuallyNeedInEachTurn) {
  Case at;
  EXPECT_EQ(at.run().expected_ms, 0) << "nobody knows";
  const auto expected = [&] { return estimate(at.spec, at.plan, at.ways, at.gateways, 5'000).expected_ms; };
  EXPECT_EQ(expected(), 63'000 + 2 * 5'000) << "one wave after the other";
  at.spec.max_in_flight = 2;
  EXPECT_EQ(expected(), 63'000 + 3 * 5'000) << "the second in two turns";
}

TEST(Estimate, ADeltaLargerThanTheLayersIsNotTaken) {
  Case at;
  at.ways[0][digest(1)].delta = {{digest(102), 900}};
  EXPECT_EQ(at.run().kinds[0].plan, "layers");
  EXPECT_EQ(at.run().kinds[0].bytes, 730U);
}

TEST(Estimate, WhatRunsAlreadyCostsNothing) {
  Case at;
  at.plan.members.resize(1);
  at.plan.members[0].before = {{digest(2), "2"}};
  EXPECT_EQ(at.run().device_bytes, 0U);
  EXPECT_TRUE(at.run().kinds.empty());
}

}  // namespace
}  // namespace stratus::rollout
