#include "stratus/sim/chance.hpp"

#include <gtest/gtest.h>

namespace stratus::sim {
namespace {

using namespace std::chrono_literals;

TEST(Chance, FollowsFromSeedDeviceAndMatter) {
  EXPECT_EQ(Chance(1, "a", "x").bits(), Chance(1, "a", "x").bits());
  EXPECT_NE(Chance(1, "a", "x").bits(), Chance(2, "a", "x").bits());
  EXPECT_NE(Chance(1, "a", "x").bits(), Chance(1, "b", "x").bits());
  EXPECT_NE(Chance(1, "ax").bits(), Chance(1, "a", "x").bits());
}

TEST(Chance, HappensAboutAsOftenAsSaid) {
  int happened = 0;
  for (int device = 0; device < 10'000; ++device) {
    Chance chance(7, "sim-" + std::to_string(device));
    happened += chance.happens(0.05) ? 1 : 0;
  }
  EXPECT_GT(happened, 400);
  EXPECT_LT(happened, 600);
  Chance chance(1, "a");
  EXPECT_FALSE(chance.happens(0));
  EXPECT_TRUE(chance.happens(1));
  EXPECT_EQ(chance.below(0), 0u);
}

TEST(PacketLoss, LosesItsShareHoweverTheBytesArrive) {
  for (const std::uint64_t piece : {1'000ull, 16'384ull, 100'000ull}) {
    Chance chance(3, "device");
    PacketLoss loss(0.01);
    const std::uint64_t bytes = 40'000 * PacketLoss::kPacket;
    unsigned lost = 0;
    for (std::uint64_t come = 0; come < bytes; come += piece) lost += loss.take(chance, piece);
    EXPECT_GT(lost, 320u) << piece;
    EXPECT_LT(lost, 480u) << piece;
  }
  Chance chance(3, "device");
  EXPECT_EQ(PacketLoss(0).take(chance, 1u << 30), 0u);
}

TEST(Pace, WaitsAsLongAsTheBytesTake) {
  const SteadyTime now = SteadyTime() + 1h;
  Pace pace(1'000);
  EXPECT_EQ(pace.take(now, 500), 500ms);
  EXPECT_EQ(pace.take(now, 500), 1'000ms);
  EXPECT_EQ(pace.take(now + 1'000ms, 100), 100ms);
  EXPECT_EQ(pace.take(now + 1h, 100), 100ms) << "what was not used before is not saved up";
  EXPECT_EQ(Pace(0).take(now, 1u << 30), 0ms);
}

}  // namespace
}  // namespace stratus::sim
