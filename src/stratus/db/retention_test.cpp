#include "stratus/db/retention.hpp"

#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "stratus/db/device_history.hpp"
#include "stratus/db/rollout_sums.hpp"
#include "stratus/db/rollouts.hpp"
#include "stratus/db/testing.hpp"

namespace stratus::db {
namespace {

class RetentionTest : public EngineTest {
 protected:
  Result<void> write(const Database::Work& work) { return database().write_now(work); }
  std::int64_t prune(std::int64_t before, std::int64_t limit = 100) {
    std::int64_t removed = -1;
    EXPECT_TRUE(write([&](Transaction& transaction) -> Result<void> {
      STRATUS_TRY(count, prune_history(transaction, before, limit));
      removed = count;
      return {};
    }));
    return removed;
  }
  Result<void> put(Retention retention) {
    return write([&](Transaction& transaction) { return put_retention(transaction, retention); });
  }
};
STRATUS_BOTH_ENGINES(RetentionTest);

TEST_P(RetentionTest, ReadsBackWhatWasSetLast) {
  Retention otherwise;
  otherwise.events_days = 7;
  EXPECT_EQ(find_retention(database(), otherwise)->events_days, 7);
  ASSERT_TRUE(put({10, 20, 30, 1, 5, "user:ann"}));
  ASSERT_TRUE(put({11, 21, 31, 2, 6, "user:bob"}));
  const auto found = find_retention(database(), otherwise);
  EXPECT_EQ(found->metrics_days, 11);
  EXPECT_EQ(found->history_days, 31);
  EXPECT_EQ(found->changed_by, "user:bob");
  EXPECT_EQ(put({1, 1, 1, 2, 7, "user:ann"}).error().reason(), "precondition_failed");
  EXPECT_EQ(find_retention(database(), otherwise)->revision, 2);
}

TEST_P(RetentionTest, OldHistoryGoesAndWhatCountsStays) {
  RolloutSave over, running;
  over.rollout = {"r1", "over", "completed", "ann", "{}", "{}", 5, 6, 1};
  running.rollout = {"r2", "long", "running", "ann", "{}", "{}", 5, 6, 1};
  for (const std::int64_t ended : {10, 20, 30}) {
    RolloutHistoryRow row;
    row.device = "d";
    row.rollout = "r1";
    row.ended_ms = ended;
    row.bytes = 100 * ended;
    over.history.push_back(row);
    row.rollout = "r2";
    running.history.push_back(row);
  }
  RolloutDeviceRow member;
  member.device = "d";
  member.state = "success";
  over.devices.push_back(member);
  const auto moved = [this] {
    const auto sums = fetched_bytes(database(), "r1");
    return sums && sums->size() == 1 ? sums->front().bytes : -1;
  };
  ASSERT_TRUE(write([&](Transaction& transaction) -> Result<void> {
    STRATUS_CHECK(save_rollouts(transaction, {over, running}));
    STRATUS_CHECK(
        transaction.run("INSERT INTO devices (id, first_seen_ms, last_seen_ms) VALUES ('d', 1, 1)", {}));
    for (const std::int64_t at : {10, 30})
      STRATUS_CHECK(
          add_firmware_event(transaction, "d", {at, "web", std::to_string(at), "", "committed", ""}));
    const std::vector<ShownContent> first{{"a", "1", ""}, {"b", "1", ""}}, then{{"b", "1", ""}};
    STRATUS_CHECK(set_shown_contents(transaction, "d", first, 5));
    return set_shown_contents(transaction, "d", then, 12);  // "a" ends, "b" stays for ever
  }));
  EXPECT_EQ(moved(), 6'000);
  EXPECT_EQ(prune(25, 1), 3);  // one of each kind
  EXPECT_EQ(moved(), 6'000);   // what was fetched stays known
  EXPECT_EQ(prune(25, 1), 1);
  EXPECT_EQ(prune(25, 1), 0);
  EXPECT_EQ(moved(), 6'000);
  const auto left = list_rollout_history(database(), "d", 100);
  ASSERT_EQ(left->size(), 4U);
  EXPECT_EQ(firmware_history(database(), "d", 10)->size(), 1U);
  const auto shown = content_history(database(), "d", 10);
  ASSERT_EQ(shown->size(), 1U);
  EXPECT_EQ((*shown)[0].content, "b");
}

TEST(RetentionOfTwoServers, WhatOneRemovedTheOtherDoesNotCount) {
  if (!TestPostgres::installed()) GTEST_SKIP() << "no postgresql-15";
  TestDatabase test(Engine::postgres);
  const auto other = Database::open(test.url(), {});
  ASSERT_TRUE(other) << other.error().text();
  RolloutSave over;
  over.rollout = {"r1", "over", "completed", "ann", "{}", "{}", 5, 6, 1};
  RolloutDeviceRow member;
  member.device = "d";
  member.state = "success";
  over.devices.push_back(member);
  RolloutHistoryRow row;
  row.device = "d";
  row.rollout = "r1";
  row.bytes = 100;
  for (row.ended_ms = 10; row.ended_ms <= 12; ++row.ended_ms) over.history.push_back(row);
  ASSERT_TRUE(test.database().write_now(
      [&](Transaction& transaction) { return save_rollouts(transaction, {over}); }));

  const auto forget = [](Transaction& transaction, std::int64_t& removed) -> Result<void> {
    STRATUS_TRY(count, forget_attempts(transaction, "device = $1 AND ended_ms < $2", {"d", 100}));
    removed = count;
    return {};
  };
  std::int64_t ours = -1, theirs = -1;
  std::thread second;
  const auto ended = test.database().write_now([&](Transaction& transaction) -> Result<void> {
    STRATUS_CHECK(forget(transaction, ours));
    second = std::thread(
        [&] { EXPECT_TRUE((*other)->write_now([&](Transaction& also) { return forget(also, theirs); })); });
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (std::chrono::steady_clock::now() < deadline) {  // until it waits for us
      STRATUS_TRY(locks, transaction.run("SELECT COUNT(*) FROM pg_locks WHERE NOT granted"));
      if (locks[0].integer(0) > 0) return {};
      std::this_thread::yield();
    }
    return fail(ErrorCode::timeout, "the other server did not wait");
  });
  if (second.joinable()) second.join();
  ASSERT_TRUE(ended) << ended.error().text();
  EXPECT_EQ(ours, 3);
  EXPECT_EQ(theirs, 0);
  const auto sums = fetched_bytes(test.database(), "r1");
  ASSERT_EQ(sums->size(), 1U);
  EXPECT_EQ(sums->front().bytes, 300);
}

}  // namespace
}  // namespace stratus::db
