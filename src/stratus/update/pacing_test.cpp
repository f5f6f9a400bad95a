#include "stratus/update/pacing.hpp"

#include <gtest/gtest.h>

namespace stratus::update {
namespace {

using namespace std::chrono_literals;

TEST(BackOff, DoublesWithJitterUpToItsMost) {
  const BackOff back_off{1s, 10s};
  EXPECT_EQ(back_off_delay(back_off, 1, 0), 500ms);
  EXPECT_LT(back_off_delay(back_off, 1, 0.999), 1s);
  EXPECT_EQ(back_off_delay(back_off, 3, 0), 2s);
  EXPECT_EQ(back_off_delay(back_off, 5, 0), 5s);
  EXPECT_LE(back_off_delay(back_off, 1000, 0.999), 10s);
}

TEST(Chunk, FollowsTheSpeedWithinItsBounds) {
  EXPECT_EQ(next_chunk(1 << 20, 1 << 20, 8000ms), 1u << 20);
  EXPECT_EQ(next_chunk(1 << 20, 1 << 20, 1ms), 2u << 20) << "at most twice the last";
  EXPECT_EQ(next_chunk(1 << 20, 1000, 8000ms), kSmallestChunk);
  EXPECT_EQ(next_chunk(kLargestChunk, kLargestChunk, 0ms), kLargestChunk);
}

TEST(Pacing, AServiceThatWritesFastIsLookedAtOften) {
  using std::chrono::milliseconds;
  constexpr std::uint64_t kMega = 1u << 20;
  EXPECT_EQ(next_look(0, 9 * kMega, 0, milliseconds(1'000)), kSeldomLook) << "no bound";
  EXPECT_EQ(next_look(10 * kMega, kMega, kMega, milliseconds(1'000)), kSeldomLook) << "it writes nothing";
  EXPECT_EQ(next_look(10 * kMega, 2 * kMega, kMega, milliseconds(1'000)), milliseconds(4'000));
  EXPECT_EQ(next_look(10 * kMega, 9 * kMega, kMega, milliseconds(1'000)), kSoonestLook);
  EXPECT_EQ(next_look(10 * kMega, 11 * kMega, kMega, milliseconds(1'000)), kSoonestLook);
  EXPECT_EQ(next_look(1'000 * kMega, 2 * kMega, kMega, milliseconds(1'000)), kSeldomLook);
}

}  // namespace
}  // namespace stratus::update
