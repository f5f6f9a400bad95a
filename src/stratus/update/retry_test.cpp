#include "stratus/update/retry.hpp"

#include <gtest/gtest.h>

namespace stratus::update {
namespace {

using namespace std::chrono_literals;

TEST(RetryDelay, IsAnywhereBelowTheDoubledPause) {
  const BackOff back_off{1s, 10s};
  EXPECT_EQ(retry_delay(back_off, 1, 0, 0ms), 50ms) << "never at once";
  EXPECT_EQ(retry_delay(back_off, 1, 0.5, 0ms), 500ms);
  EXPECT_EQ(retry_delay(back_off, 3, 0.25, 0ms), 1s);
  EXPECT_EQ(retry_delay(back_off, 4, 0.5, 0ms), 4s);
  EXPECT_LE(retry_delay(back_off, 1000, 0.999, 0ms), 10s);
  EXPECT_GE(retry_delay(back_off, 1000, 0.999, 0ms), 9900ms);
}

TEST(RetryDelay, NeverComesBeforeItWasAskedAndSpreadsFromThere) {
  const BackOff back_off{1s, 10s};
  EXPECT_EQ(retry_delay(back_off, 1, 0, 5s), 5050ms);
  EXPECT_EQ(retry_delay(back_off, 3, 0.5, 60s), 62s);
}

TEST(RetryDelay, SpreadsAFleetEvenly) {
  const BackOff back_off{1s, 60s};
  int early = 0;
  for (int device = 0; device < 1000; ++device)
    early += retry_delay(back_off, 5, device / 1000.0, 0ms) < 4s ? 1 : 0;
  EXPECT_EQ(early, 250) << "a quarter within the first quarter of 16 s";
}

TEST(AskedPause, TakesSecondsOnly) {
  EXPECT_EQ(asked_pause("5"), 5s);
  EXPECT_EQ(asked_pause("0"), 0s);
  EXPECT_EQ(asked_pause("100000"), 300s);
  for (const char* const bad : {"", "-1", "5 s", " 5", "5.5", "Wed, 21 Oct 2026 07:28:00 GMT", "99999999999"})
    EXPECT_EQ(asked_pause(bad), 0s) << bad;
}

}  // namespace
}  // namespace stratus::update
