#include "stratus/cli/identity_command.hpp"

#include <gtest/gtest.h>

namespace stratus::cli {
namespace {

TEST(ParseTtl, TakesSecondsMinutesHoursAndDays) {
  EXPECT_EQ(parse_ttl("45").value_or(0), 45u);
  EXPECT_EQ(parse_ttl("90s").value_or(0), 90u);
  EXPECT_EQ(parse_ttl("30m").value_or(0), 1800u);
  EXPECT_EQ(parse_ttl("1h").value_or(0), 3600u);
  EXPECT_EQ(parse_ttl("2d").value_or(0), 172800u);
}

TEST(ParseTtl, RefusesTheRest) {
  for (const char* const text : {"", "h", "-1h", "0", "1w", "1 h", "99999999999999999999", "1h30m"})
    EXPECT_FALSE(parse_ttl(text)) << text;
}

}  // namespace
}  // namespace stratus::cli
