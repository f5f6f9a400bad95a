#include "stratus/update/crash_rules.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace stratus::update {
namespace {

using std::chrono::milliseconds;

struct End {
  int at, ran;  // seconds
};

// The number of the end (from 1) at which it is given up; 0: never.
unsigned given_up(const std::vector<End>& ends, unsigned exits = 3) {
  const CrashRules rules{exits, milliseconds(100'000), milliseconds(10'000)};
  CrashCounter counter;
  unsigned number = 0;
  for (const End& end : ends) {
    ++number;
    if (counter.ended(rules, milliseconds(end.ran * 1000), milliseconds(end.at * 1000))) return number;
  }
  return 0;
}

TEST(CrashRules, Table) {
  EXPECT_EQ(given_up({{1, 0}, {2, 0}, {3, 0}}), 3u) << "ends at once, three times";
  EXPECT_EQ(given_up({{1, 0}, {2, 0}}), 0u) << "twice is not too often";
  EXPECT_EQ(given_up({{1, 0}, {60, 0}, {102, 0}, {140, 0}}), 4u) << "the first was too long ago to count";
  EXPECT_EQ(given_up({{1, 0}, {110, 0}, {220, 0}, {330, 0}}), 0u) << "now and then is no loop";
  EXPECT_EQ(given_up({{1, 0}, {2, 0}, {15, 10}, {16, 0}, {17, 0}}), 0u) << "a good run forgives";
  EXPECT_EQ(given_up({{1, 0}, {2, 0}, {15, 10}, {16, 0}, {17, 0}, {18, 0}}), 6u);
  EXPECT_EQ(given_up({{1, 0}, {2, 0}, {3, 0}, {4, 0}}, 0), 0u) << "switched off";
  EXPECT_EQ(given_up({{1, 9}, {20, 9}, {40, 9}}), 3u) << "quick is relative to its start";
}

TEST(CrashRules, CountingBeginsAgainAfterwards) {
  const CrashRules rules{2, milliseconds(1'000), milliseconds(1'000)};
  CrashCounter counter;
  EXPECT_FALSE(counter.ended(rules, milliseconds(0), milliseconds(1)));
  EXPECT_TRUE(counter.ended(rules, milliseconds(0), milliseconds(2)));
  EXPECT_EQ(counter.count(), 0u);
  EXPECT_FALSE(counter.ended(rules, milliseconds(0), milliseconds(3)));
  counter.reset();
  EXPECT_FALSE(counter.ended(rules, milliseconds(0), milliseconds(4)));
}

}  // namespace
}  // namespace stratus::update
