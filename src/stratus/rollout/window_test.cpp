#include "stratus/rollout/window.hpp"

#include <gtest/gtest.h>

#include "stratus/base/clock.hpp"

namespace stratus::rollout {
namespace {

std::int64_t at(const char* text) { return parse_time(text)->time_since_epoch().count(); }

Window window(const char* from, const char* to, std::uint8_t days = 0x7f) {
  return {days, *parse_minute(from), *parse_minute(to)};
}

TEST(Window, IsOpenInTheDevicesOwnTime) {
  const Window night = window("02:00", "05:00");
  EXPECT_FALSE(is_open(night, at("2026-11-21T01:59:59.999Z"), 0));
  EXPECT_TRUE(is_open(night, at("2026-11-21T02:00:00Z"), 0));
  EXPECT_TRUE(is_open(night, at("2026-11-21T04:59:59.999Z"), 0));
  EXPECT_FALSE(is_open(night, at("2026-11-21T05:00:00Z"), 0));
  EXPECT_TRUE(is_open(night, at("2026-11-20T18:30:00Z"), 9 * 60));  // Seoul: 03:30
  EXPECT_FALSE(is_open(night, at("2026-11-21T03:30:00Z"), 9 * 60));
  EXPECT_TRUE(is_open(night, at("2026-11-21T06:30:00Z"), -210));  // St John's: 03:00
}

TEST(Window, MayEndOnTheDayAfter) {
  const Window saturday_night = window("22:00", "04:00", 1U << 5);       // 2026-11-21 is a Saturday
  EXPECT_FALSE(is_open(saturday_night, at("2026-11-21T03:00:00Z"), 0));  // that is Friday's night
  EXPECT_TRUE(is_open(saturday_night, at("2026-11-21T23:00:00Z"), 0));
  EXPECT_TRUE(is_open(saturday_night, at("2026-11-22T03:59:00Z"), 0));
  EXPECT_FALSE(is_open(saturday_night, at("2026-11-22T04:00:00Z"), 0));
  EXPECT_FALSE(is_open(saturday_night, at("2026-11-22T23:00:00Z"), 0));
}

TEST(Window, SameStartAndEndIsAWholeDay) {
  const Window sunday = window("00:00", "24:00", 1U << 6);
  EXPECT_TRUE(is_open(sunday, at("2026-11-22T00:00:00Z"), 0));
  EXPECT_TRUE(is_open(sunday, at("2026-11-22T23:59:00Z"), 0));
  EXPECT_FALSE(is_open(sunday, at("2026-11-23T00:00:00Z"), 0));
  EXPECT_TRUE(is_open(window("08:00", "08:00"), at("2026-11-23T07:59:00Z"), 0));
}

TEST(Window, SaysWhenItOpensNext) {
  const Window night = window("02:00", "05:00", 1U << 0);  // Mondays
  EXPECT_EQ(next_opening(night, at("2026-11-21T12:00:00Z"), 0), at("2026-11-23T02:00:00Z"));
  EXPECT_EQ(next_opening(night, at("2026-11-23T03:00:00Z"), 0), at("2026-11-23T03:00:00Z"));
  EXPECT_EQ(next_opening(night, at("2026-11-23T05:00:00Z"), 0), at("2026-11-30T02:00:00Z"));
  EXPECT_FALSE(is_open(Window{0, 0, 60}, at("2026-11-23T00:30:00Z"), 0));
}

TEST(Minutes, AreReadStrictly) {
  EXPECT_EQ(*parse_minute("00:00"), 0);
  EXPECT_EQ(*parse_minute("24:00"), 1440);
  EXPECT_EQ(format_minute(*parse_minute("02:30")), "02:30");
  for (const char* text : {"", "2:30", "02-30", "24:01", "02:60", "02:3", "02:300", "-1:00"})
    EXPECT_FALSE(parse_minute(text)) << text;
  EXPECT_EQ(*parse_offset("+09:00"), 540);
  EXPECT_EQ(*parse_offset("-03:30"), -210);
  for (const char* text : {"", "9", "+9:00", "+15:00", "Asia/Seoul"})
    EXPECT_FALSE(parse_offset(text)) << text;
}

}  // namespace
}  // namespace stratus::rollout
