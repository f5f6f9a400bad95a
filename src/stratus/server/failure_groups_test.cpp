#include "stratus/server/failure_groups.hpp"

#include <gtest/gtest.h>

namespace stratus::server {
namespace {

TEST(FailureGroups, WhatSaysWhereIsLeftOutOfThePattern) {
  EXPECT_EQ(cause_pattern("health check failed after 3 tries"), "health check failed after … tries");
  EXPECT_EQ(cause_pattern("layer sha256:0af3: no space left"), "layer …:…: no space left");
  EXPECT_EQ(cause_pattern("cannot open /data/a/b: denied"), "cannot open …: denied");
  EXPECT_EQ(cause_pattern("'door 7' is not known."), "'…' is not known.");
  EXPECT_EQ(cause_pattern("it's over"), "it's over");
  EXPECT_EQ(cause_pattern("디스크 3 없음"), "디스크 … 없음");
  EXPECT_EQ(cause_pattern(""), "");
}

TEST(FailureGroups, OneCauseIsOneGroup) {
  const std::vector<db::RolloutFailures> rows{
      {"failed", "exit status 7", 0, "board-a", 5, 10, 20, {"a", "c", "e"}},
      {"rolled_back", "no answer", 0, "board-b", 4, 5, 6, {"x", "y"}},
      {"failed", "exit status 9", 0, "board-b", 2, 1, 30, {"e", "f"}},
      {"failed", "exit status 9", 1, "board-b", 1, 1, 1, {"g"}},
  };
  const auto groups = group_failures(rows);
  ASSERT_EQ(groups.size(), 3u) << "another content is another cause";
  EXPECT_EQ(groups[0].pattern, "exit status …");
  EXPECT_EQ(groups[0].example, "exit status 7");
  EXPECT_EQ(groups[0].devices, 7);
  EXPECT_EQ(groups[0].first_ms, 1);
  EXPECT_EQ(groups[0].last_ms, 30);
  EXPECT_EQ(groups[0].hardware.at("board-a"), 5);
  EXPECT_EQ(groups[0].sample, (std::vector<std::string>{"a", "c", "e", "f"}));
  EXPECT_EQ(groups[1].states.at("rolled_back"), 4);
  EXPECT_EQ(groups[2].sample.size(), 1u);
}

}  // namespace
}  // namespace stratus::server
