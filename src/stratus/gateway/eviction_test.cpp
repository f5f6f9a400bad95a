#include "stratus/gateway/eviction.hpp"

#include <gtest/gtest.h>

#include "stratus/gateway/digest_testing.hpp"

namespace stratus::gateway {
namespace {

WallTime at_ms(int ms) { return WallTime(Millis(ms)); }

TEST(Eviction, TakesTheLeastRecentlyUsedAndNoMoreThanNeeded) {
  const std::vector<CachedBlob> blobs{
      {named("b"), 10, at_ms(2)}, {named("a"), 10, at_ms(1)}, {named("c"), 10, at_ms(3)}};
  EXPECT_TRUE(choose_victims(blobs, {}, 0).victims.empty());
  EXPECT_EQ(choose_victims(blobs, {}, 1).victims, std::vector{named("a")});
  EXPECT_EQ(choose_victims(blobs, {}, 10).victims, std::vector{named("a")});
  EXPECT_EQ(choose_victims(blobs, {}, 11).victims, (std::vector{named("a"), named("b")}));
}

TEST(Eviction, SparesWhatIsPinnedOrRead) {
  const std::vector<CachedBlob> blobs{
      {named("a"), 10, at_ms(1)}, {named("b"), 10, at_ms(2), true}, {named("c"), 10, at_ms(3)}};
  EXPECT_EQ(choose_victims(blobs, {named("a")}, 5).victims, std::vector{named("c")});
}

TEST(Eviction, RemovesNothingWhenItWouldNotBeEnough) {
  const std::vector<CachedBlob> blobs{{named("a"), 10, at_ms(1)}, {named("b"), 10, at_ms(2)}};
  const Eviction eviction = choose_victims(blobs, {named("a")}, 11);
  EXPECT_FALSE(eviction.possible);
  EXPECT_TRUE(eviction.victims.empty());
}

}  // namespace
}  // namespace stratus::gateway
