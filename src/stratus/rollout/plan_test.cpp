#include "stratus/rollout/plan.hpp"

#include <map>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "stratus/rollout/rollout_testing.hpp"

namespace stratus::rollout {
namespace {

using testing::digest;

std::vector<Candidate> fleet(int count) {
  std::vector<Candidate> devices;
  for (int i = 0; i < count; ++i) {
    Candidate device;
    device.id = fmt::format("d{:03}", i);
    device.follows = "web";
    device.running = digest(1);
    device.running_version = "1";
    devices.push_back(device);
  }
  return devices;
}

Plan plan(const Spec& spec, const std::vector<Candidate>& devices, const char* seed = "r1") {
  const std::vector<Requirement> none(spec.contents.size());
  return make_plan(spec, none, devices, seed);
}

TEST(MakePlan, FillsCumulativeWaves) {
  Spec spec = testing::spec(R"("waves":[{"count":2},{"percent":25}])");
  EXPECT_EQ(plan(spec, fleet(10)).wave_sizes, (std::vector<std::uint32_t>{2, 1, 7}));
  EXPECT_EQ(plan(spec, fleet(1)).wave_sizes, (std::vector<std::uint32_t>{1, 0, 0}));
  EXPECT_EQ(plan(spec, fleet(0)).wave_sizes, (std::vector<std::uint32_t>{0, 0, 0}));
}

TEST(MakePlan, ASmallShareIsOneDeviceAtLeast) {
  const Spec spec = testing::spec(R"("waves":[{"percent":1}])");
  EXPECT_EQ(plan(spec, fleet(10)).wave_sizes, (std::vector<std::uint32_t>{1, 9}));
  EXPECT_EQ(plan(spec, fleet(100)).wave_sizes, (std::vector<std::uint32_t>{1, 99}));
  EXPECT_EQ(plan(spec, fleet(101)).wave_sizes, (std::vector<std::uint32_t>{2, 99}));
}

TEST(MakePlan, TestGroupsGoFirstAndWhole) {
  const Spec spec = testing::spec(R"("waves":[{"groups":["lab"]},{"percent":50}])");
  std::vector<Candidate> devices = fleet(10);
  for (const int i : {2, 5, 7}) devices[static_cast<std::size_t>(i)].group = "lab";
  const Plan made = plan(spec, devices);
  EXPECT_EQ(made.wave_sizes, (std::vector<std::uint32_t>{3, 2, 5}));
  std::set<std::string> first;
  for (const Member& member : made.members) {
    if (member.wave == 0) first.insert(member.id);
  }
  EXPECT_EQ(first, (std::set<std::string>{"d002", "d005", "d007"}));
}

TEST(MakePlan, IsTheSameEachTimeAndAnotherForAnotherRollout) {
  const Spec spec = testing::spec(R"("waves":[{"count":5}])");
  const auto first = [&](const Plan& made) {
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < 5; ++i) ids.push_back(made.members[i].id);
    return ids;
  };
  EXPECT_EQ(first(plan(spec, fleet(100), "r1")), first(plan(spec, fleet(100), "r1")));
  EXPECT_NE(first(plan(spec, fleet(100), "r1")), first(plan(spec, fleet(100), "r2")));
}

TEST(MakePlan, SaysWhyADeviceIsLeftOut) {
  const Spec spec = testing::spec("");
  std::vector<Candidate> devices = fleet(8);
  devices[0].known = false;
  devices[1].retired = true;
  devices[2].follows = "api";
  devices[3].architecture = "amd64";
  devices[4].running = digest(2);
  devices[5].gone_back_from = digest(2);
  devices[6].device_class = "sign";
  devices.push_back(devices[7]);  // named by its group and by its region
  const std::vector<Requirement> needs{{"arm64", {"kiosk", "panel"}}};
  const Plan made = make_plan(spec, needs, devices, "r1");
  ASSERT_EQ(made.members.size(), 1U);
  EXPECT_EQ(made.members[0].id, "d007");
  EXPECT_EQ(made.members[0].before[0].version, "1");
  std::map<std::string, Reason> reasons;
  for (const Exclusion& exclusion : made.exclusions) {
    reasons[exclusion.device] = exclusion.reason;
    EXPECT_FALSE(exclusion.detail.empty());
  }
  EXPECT_EQ(reasons, (std::map<std::string, Reason>{{"d000", Reason::unknown_device},
                                                    {"d001", Reason::retired},
                                                    {"d002", Reason::other_image},
                                                    {"d003", Reason::architecture},
                                                    {"d004", Reason::already_runs},
                                                    {"d005", Reason::went_back},
                                                    {"d006", Reason::device_class}}));
}

}  // namespace
}  // namespace stratus::rollout
