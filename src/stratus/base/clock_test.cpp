#include "stratus/base/clock.hpp"

#include <gtest/gtest.h>

namespace stratus {
namespace {

TEST(FormatTime, WritesRfc3339WithMilliseconds) {
  EXPECT_EQ(format_time(WallTime(Millis(0))), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_time(WallTime(Millis(1'795'243'153'250))), "2026-11-21T06:39:13.250Z");
}

}  // namespace
}  // namespace stratus
