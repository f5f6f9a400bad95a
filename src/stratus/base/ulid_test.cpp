#include "stratus/base/ulid.hpp"

#include <array>
#include <set>

#include <gtest/gtest.h>

namespace stratus {
namespace {

TEST(Ulid, WritesTimeThenRandom) {
  std::array<std::uint8_t, 10> random{};
  EXPECT_EQ(format_ulid(WallTime(Millis(0)), random), "00000000000000000000000000");
  random.fill(0xff);
  EXPECT_EQ(format_ulid(WallTime(Millis((1LL << 48) - 1)), random), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
  // The example of the specification: 1469918176385 ms is 01ARYZ6S41.
  EXPECT_EQ(format_ulid(WallTime(Millis(1469918176385)), random).substr(0, 10), "01ARYZ6S41");
}

TEST(Ulid, SortsByTime) {
  std::array<std::uint8_t, 10> low{};
  std::array<std::uint8_t, 10> high{};
  high.fill(0xff);
  EXPECT_LT(format_ulid(WallTime(Millis(1000)), high), format_ulid(WallTime(Millis(1001)), low));
}

TEST(Ulid, NewOnesDifferAndAreCanonical) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = new_ulid();
    EXPECT_TRUE(is_ulid(id)) << id;
    seen.insert(id);
  }
  EXPECT_EQ(seen.size(), 1000u);
}

TEST(Ulid, OtherFormsAreNone) {
  for (const char* text :
       {"", "01ARYZ6S41", "01aryz6s4100000000000000000", "81ARYZ6S410000000000000000",
        "0IARYZ6S410000000000000000", "01ARYZ6S41000000000000000 ", "01ARYZ6S4100000000000000000"}) {
    EXPECT_FALSE(is_ulid(text)) << text;
  }
}

}  // namespace
}  // namespace stratus
