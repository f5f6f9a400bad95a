#include "stratus/sim/fleet.hpp"

#include <set>

#include <gtest/gtest.h>

namespace stratus::sim {
namespace {

FleetProfile profile(const char* prefix, std::uint32_t first, std::uint32_t count) {
  FleetProfile made;
  made.prefix = prefix;
  made.first = first;
  made.count = count;
  return made;
}

TEST(Share, EveryDeviceIsSomebodys) {
  const std::vector<FleetProfile> fleets{profile("a-", 5, 7), profile("b-", 1, 2)};
  std::multiset<std::string> seen;
  for (unsigned worker = 0; worker < 4; ++worker) {
    for (const FleetProfile& part : share_of(fleets, worker, 4)) {
      for (std::uint32_t i = 0; i < part.count; ++i) seen.insert(device_name(part, i));
    }
  }
  EXPECT_EQ(seen.size(), 9u);
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), 9u);
  EXPECT_TRUE(seen.contains("a-00005"));
  EXPECT_TRUE(seen.contains("a-00011"));
}

TEST(Share, WorkersFollowFromDescriptors) {
  EXPECT_EQ(workers_needed(10'000, 20'000, 256), 1u);
  EXPECT_EQ(workers_needed(50'000, 20'000, 256), 3u);
  EXPECT_EQ(workers_needed(1, 10, 256), 1u);
}

TEST(Profile, RefusesWhatMakesNoSense) {
  EXPECT_TRUE(check_profile(profile("sim-", 1, 10)));
  EXPECT_FALSE(check_profile(profile("sim-", 1, 0)));
  EXPECT_FALSE(check_profile(profile("a b", 1, 1)));
  FleetProfile wrong = profile("sim-", 1, 1);
  wrong.power_cut = 5;
  EXPECT_FALSE(check_profile(wrong));
}

}  // namespace
}  // namespace stratus::sim
