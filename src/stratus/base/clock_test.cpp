#include "stratus/base/clock.hpp"

#include <gtest/gtest.h>

namespace stratus {
namespace {

TEST(FormatTime, WritesRfc3339WithMilliseconds) {
  EXPECT_EQ(format_time(WallTime(Millis(0))), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_time(WallTime(Millis(1'795'243'153'250))), "2026-11-21T06:39:13.250Z");
  // Beyond what nanoseconds in 64 bits can count.
  EXPECT_EQ(format_time(*parse_time("2999-12-31T23:59:59.999Z")), "2999-12-31T23:59:59.999Z");
}

TEST(ParseTime, ReadsWhatIsWrittenAndOffsets) {
  EXPECT_EQ(parse_time("2026-11-21T06:39:13.250Z")->time_since_epoch().count(), 1'795'243'153'250);
  EXPECT_EQ(parse_time("2026-11-21T15:39:13.25+09:00")->time_since_epoch().count(), 1'795'243'153'250);
  EXPECT_EQ(parse_time("1969-12-31T23:00:00-01:00").has_value(), false);
  EXPECT_EQ(format_time(*parse_time("2024-02-29T00:00:00Z")), "2024-02-29T00:00:00.000Z");
}

TEST(ParseTime, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "2026-11-21", "2026-11-21T06:39:13", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z",
        "2026-11-21T24:00:00Z", "2026-11-21T06:39:13.Z", "2026-11-21T06:39:13Zx", "2026-11-21T06:39:13+9:00",
        "-026-11-21T06:39:13Z", "99999-01-01T00:00:00Z"}) {
    EXPECT_FALSE(parse_time(text)) << text;
  }
}

}  // namespace
}  // namespace stratus
