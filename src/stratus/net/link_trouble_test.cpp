#include "stratus/net/link_trouble.hpp"

#include <gtest/gtest.h>

namespace stratus::net {
namespace {

constexpr SteadyTime kBegin{};
constexpr Millis kMoment{1};

TEST(LinkTrouble, WhatPassesWithinTheFirstSecondsIsNoNews) {
  LinkTrouble trouble;
  EXPECT_FALSE(trouble.is_news(kBegin));
  EXPECT_FALSE(trouble.is_news(kBegin + LinkTrouble::kFirstSeconds - kMoment));
}

TEST(LinkTrouble, WhatLastsIsToldOnce) {
  LinkTrouble trouble;
  EXPECT_FALSE(trouble.is_news(kBegin));
  EXPECT_TRUE(trouble.is_news(kBegin + LinkTrouble::kFirstSeconds));
  EXPECT_FALSE(trouble.is_news(kBegin + LinkTrouble::kFirstSeconds * 10));
}

TEST(LinkTrouble, ALinkThatWorkedIsMissedAtOnce) {
  LinkTrouble trouble;
  trouble.works();
  EXPECT_TRUE(trouble.is_news(kBegin));
  EXPECT_FALSE(trouble.is_news(kBegin + kMoment));
  trouble.works();
  EXPECT_TRUE(trouble.is_news(kBegin + kMoment * 2));
}

}  // namespace
}  // namespace stratus::net
