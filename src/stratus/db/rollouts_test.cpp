#include "stratus/db/rollouts.hpp"

#include <gtest/gtest.h>

#include "stratus/db/rollout_sums.hpp"
#include "stratus/db/testing.hpp"

namespace stratus::db {
namespace {

class RolloutsTest : public EngineTest {
 protected:
  Result<void> save(const std::vector<RolloutSave>& saves) {
    return database().write_now([&](Transaction& transaction) { return save_rollouts(transaction, saves); });
  }
  static RolloutSave rollout(const std::string& id, std::int64_t revision = 1) {
    RolloutSave save;
    save.rollout = {id, "night", "running", "ann", "{}", "{}", 5, 6, revision};
    return save;
  }
  static RolloutDeviceRow device(const std::string& id, std::int64_t place, const std::string& state) {
    RolloutDeviceRow row;
    row.device = id;
    row.place = place;
    row.state = state;
    row.prior = "[]";
    return row;
  }
};
STRATUS_BOTH_ENGINES(RolloutsTest);

TEST_P(RolloutsTest, ReadsBackWhatWasSaved) {
  RolloutSave one = rollout("r1");
  one.devices = {device("b", 0, "waiting"), device("a", 1, "success")};
  one.devices[1].cause = "späť";
  one.exclusions = {{"x", "architecture", "needs arm64"}};
  one.events = {{0, 5, "created", "ann", ""}, {0, 6, "pause", "bob", "why"}};
  RolloutHistoryRow ended;
  ended.device = "a";
  ended.outcome = "success";
  ended.version = "2";
  ended.ended_ms = 9;
  one.history = {ended};
  one.assignments = {{"a", "web", "2", "sha256:2", "", 9}};
  ASSERT_TRUE(save({one}));
  test_->reopen();
  EXPECT_EQ(find_rollout(database(), "r1")->author, "ann");
  EXPECT_EQ(find_rollout(database(), "r2").error().code(), ErrorCode::not_found);
  const auto planned = load_rollout_devices(database(), "r1", -1, 10);
  ASSERT_EQ(planned->size(), 2U);
  EXPECT_EQ((*planned)[0].device, "b");
  EXPECT_EQ((*planned)[1].cause, "späť");
  EXPECT_EQ((*planned)[1].sequence, -1);
  EXPECT_EQ(list_rollout_devices(database(), "r1", "", "", 10)->front().device, "a");
  EXPECT_EQ(list_rollout_devices(database(), "r1", "waiting", "", 10)->front().device, "b");
  EXPECT_TRUE(list_rollout_devices(database(), "r1", "waiting", "b", 10)->empty());
  EXPECT_EQ(list_rollout_exclusions(database(), "r1", "", 10)->front().detail, "needs arm64");
  EXPECT_EQ(list_rollout_events(database(), "r1", 10)->front().kind, "pause");
  EXPECT_EQ(list_rollout_history(database(), "a", 10)->front().rollout, "r1");
  EXPECT_EQ(load_assignments(database(), "", "", 10)->front().rollout, "r1");
  EXPECT_TRUE(load_assignments(database(), "a", "web", 10)->empty());
}

TEST_P(RolloutsTest, DevicesAreUpdatedInPlace) {
  RolloutSave one = rollout("r1");
  one.devices = {device("a", 7, "waiting")};
  ASSERT_TRUE(save({one}));
  RolloutSave two = rollout("r1", 2);
  two.devices = {device("a", 0, "requested")};
  ASSERT_TRUE(save({two}));
  const auto rows = load_rollout_devices(database(), "r1", -1, 10);
  ASSERT_EQ(rows->size(), 1U);
  EXPECT_EQ(rows->front().state, "requested");
  EXPECT_EQ(rows->front().place, 7) << "the plan's order stays";
}

TEST_P(RolloutsTest, WhatWasAskedIsStoredWhenItChanges) {
  const auto spec = [this] { return find_rollout(database(), "r1")->spec; };
  RolloutSave asked = rollout("r1"), later = rollout("r1", 2), again = rollout("r1", 3);
  asked.rollout.spec = R"({"targets":"all"})";
  later.rollout.spec = "";
  ASSERT_TRUE(save({asked}));
  ASSERT_TRUE(save({later}));
  EXPECT_EQ(spec(), asked.rollout.spec);
  ASSERT_TRUE(save({again}));
  EXPECT_EQ(spec(), "{}");
  EXPECT_EQ(list_rollouts(database(), {}, "", 9)->front().spec, "{}");
}

TEST_P(RolloutsTest, ADeviceBelongsToOneRollout) {
  RolloutSave one = rollout("r1"), two = rollout("r2");
  one.claimed = {"a", "b"};
  ASSERT_TRUE(save({one}));
  two.claimed = {"b"};
  EXPECT_EQ(save({two}).error().code(), ErrorCode::conflict);
  EXPECT_EQ(find_rollout(database(), "r2").error().code(), ErrorCode::not_found) << "all or nothing";
  RolloutSave freed = rollout("r1", 2);
  freed.released = {"b"};
  ASSERT_TRUE(save({two, freed})) << "what one lets go in a batch another may take";
}

TEST_P(RolloutsTest, AnotherServersChangeIsNotOverwritten) {
  ASSERT_TRUE(save({rollout("r1")}));
  ASSERT_TRUE(save({rollout("r1", 2)}));
  EXPECT_EQ(save({rollout("r1", 2)}).error().code(), ErrorCode::conflict);
}

TEST_P(RolloutsTest, ListsTheNewestFirst) {
  RolloutSave done = rollout("r2");
  done.rollout.state = "completed";
  ASSERT_TRUE(save({rollout("r1"), done, rollout("r3")}));
  const auto ids = [&](const std::vector<std::string>& states, std::string_view before, std::int64_t limit) {
    std::string text;
    const auto found = list_rollouts(database(), states, before, limit);
    EXPECT_TRUE(found) << found.error().text();
    for (const RolloutRow& row : *found) text += row.id + " ";
    return text;
  };
  EXPECT_EQ(ids({}, "", 2), "r3 r2 ");
  EXPECT_EQ(ids({}, "r2", 2), "r1 ");
  EXPECT_EQ(ids({"running", "paused"}, "", 9), "r3 r1 ");
}

TEST_P(RolloutsTest, TheUsualTimeIsTheMiddleOfTheNewestSuccesses) {
  EXPECT_EQ(*usual_update_ms(database()), 0) << "there was none yet";
  RolloutSave one = rollout("r1");
  for (std::int64_t i = 0; i < 300; ++i) {
    RolloutHistoryRow row;
    row.device = "a";
    row.started_ms = 1'000 * (i + 1);
    row.ended_ms = row.started_ms + (i < 100 ? 900 : i < 250 ? 20 : 70);
    row.outcome = i % 10 == 0 ? "failed" : "success";
    if (i % 10 == 0) row.ended_ms += 500;
    one.history.push_back(row);
  }
  ASSERT_TRUE(save({one}));
  EXPECT_EQ(*usual_update_ms(database()), 20);
}

TEST_P(RolloutsTest, HistoryAndEventsAreBounded) {
  RolloutSave one = rollout("r1");
  for (std::int64_t i = 0; i < kRolloutHistoryKept + 5; ++i) {
    RolloutHistoryRow row;
    row.device = "a";
    row.ended_ms = i;
    row.outcome = "failed";
    row.bytes = 10;
    one.history.push_back(row);
  }
  RolloutDeviceRow member;
  member.device = "a";
  member.state = "failed";
  one.devices = {member};
  for (std::int64_t i = 0; i < kRolloutEventsKept + 5; ++i) one.events.push_back({0, i, "note", "", ""});
  ASSERT_TRUE(save({one}));
  EXPECT_EQ(static_cast<std::int64_t>(list_rollout_history(database(), "a", 100'000)->size()),
            kRolloutHistoryKept);
  EXPECT_EQ(fetched_bytes(database(), "r1")->front().bytes, 10 * (kRolloutHistoryKept + 5));
  EXPECT_EQ(static_cast<std::int64_t>(list_rollout_events(database(), "r1", 100'000)->size()),
            kRolloutEventsKept);
}

}  // namespace
}  // namespace stratus::db
