#include "stratus/server/time_zones.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "stratus/base/clock.hpp"

namespace stratus::server {
namespace {

std::string number(std::uint64_t value, std::size_t bytes) {
  std::string text;
  for (std::size_t i = bytes; i-- > 0;) text += static_cast<char>(value >> (8 * i));
  return text;
}

// Version 2 with an empty first part: -3600 s before 1,000, then +7200.
std::string small_file() {
  const std::string head = std::string("TZif2") + std::string(15, '\0');
  std::string file = head + number(0, 24);
  file += head + number(0, 4) + number(0, 4) + number(0, 4) + number(1, 4) + number(2, 4) + number(4, 4);
  file += number(1000, 8) + number(1, 1);
  file += number(static_cast<std::uint32_t>(-3600), 4) + number(0, 2);
  file += number(7200, 4) + number(0, 2);
  file += std::string("ABC\0", 4);
  return file + "\nXXX0\n";
}

TEST(TimeZoneFile, FindsTheOffsetOfAMoment) {
  EXPECT_EQ(*offset_in_tzif(small_file(), 999), -3600);
  EXPECT_EQ(*offset_in_tzif(small_file(), 1000), 7200);
  EXPECT_EQ(*offset_in_tzif(small_file(), 1'000'000'000'000), 7200);
}

TEST(TimeZoneFile, RefusesDamage) {
  const std::string file = small_file();
  for (std::size_t length = 0; length < file.size() - 6; ++length)
    EXPECT_FALSE(offset_in_tzif(file.substr(0, length), 5)) << length;
  std::string wrong = file;
  wrong[44 + 44 + 8] = 9;  // the transition names a type that is not there
  EXPECT_FALSE(offset_in_tzif(wrong, 5000));
  wrong = file;
  wrong[44 + 32] = '\x7f';
  EXPECT_FALSE(offset_in_tzif(wrong, 5));
}

TEST(TimeZones, ReadsTheSystemsFiles) {
  if (::access("/usr/share/zoneinfo/Europe/Berlin", R_OK) != 0) GTEST_SKIP() << "no tzdata";
  const auto at = [](const char* text) { return parse_time(text)->time_since_epoch().count(); };
  EXPECT_EQ(zone_offset_minutes("Asia/Seoul", at("2026-11-21T00:00:00Z")), 540);
  EXPECT_EQ(zone_offset_minutes("Europe/Berlin", at("2026-11-21T00:00:00Z")), 60);
  EXPECT_EQ(zone_offset_minutes("Europe/Berlin", at("2026-07-21T00:00:00Z")), 120);
}

TEST(TimeZones, OtherNamesAreUtc) {
  for (const char* name : {"", "../../etc/passwd", "/etc/passwd", "No/Such", "Europe"})
    EXPECT_EQ(zone_offset_minutes(name, 0), 0) << name;
}

}  // namespace
}  // namespace stratus::server
