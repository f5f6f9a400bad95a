#include "stratus/sim/fleet_file.hpp"

#include <gtest/gtest.h>

namespace stratus::sim {
namespace {

TEST(FleetFile, EachFleetSaysWhatDiffers) {
  FleetProfile otherwise;
  otherwise.image = "sign";
  otherwise.loss = 0.01;
  const auto fleets = parse_fleets(R"(
[[fleet]]
prefix = "lobby-"
count = 7
group = "first"
latency_ms = 20
[[fleet]]
prefix = "bad-"
count = 3
loss = 0
fail_fraction = 1
fail_how = "failed"
metrics_interval_s = 0.5
)",
                                   otherwise);
  ASSERT_TRUE(fleets) << fleets.error().text();
  ASSERT_EQ(fleets->size(), 2u);
  EXPECT_EQ((*fleets)[0].group, "first");
  EXPECT_EQ((*fleets)[0].latency, Millis(20));
  EXPECT_EQ((*fleets)[0].loss, 0.01);
  EXPECT_EQ((*fleets)[1].image, "sign");
  EXPECT_EQ((*fleets)[1].loss, 0);
  EXPECT_EQ((*fleets)[1].fail, 1);
  EXPECT_EQ((*fleets)[1].fail_how, FailHow::failed);
  EXPECT_EQ((*fleets)[1].metrics_interval, Millis(500));
}

TEST(FleetFile, WhatMakesNoSenseIsNamed) {
  const auto problem = [](std::string_view text) {
    const auto fleets = parse_fleets(text, FleetProfile());
    return fleets ? std::string() : fleets.error().text();
  };
  EXPECT_EQ(problem("[[fleet]]\ncount = 1\nlos = 0.1\n"), "line 3: los is not a key that I know");
  EXPECT_EQ(problem("[[fleet]]\ncount = -1\n"), "line 2: count is not a whole number");
  EXPECT_EQ(problem("[[fleet]]\ncount = 5000000000\n"), "line 2: count is not a whole number");
  EXPECT_NE(problem("[[fleet]]\nloss = 2\n"), "");
  EXPECT_NE(problem("[[fleet]]\nfail_how = \"no\"\n"), "");
  EXPECT_NE(problem("[[fleet]]\nfirst = 1\ncount = 5\n[[fleet]]\nfirst = 5\n"), "");
  EXPECT_NE(problem("[fleet]\n"), "");
  EXPECT_NE(problem(""), "");
  EXPECT_NE(problem("[["), "");
  EXPECT_NE(problem("other = 1\n[[fleet]]\n"), "");
}

}  // namespace
}  // namespace stratus::sim
