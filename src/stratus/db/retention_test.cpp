#include "stratus/db/retention.hpp"

#include <gtest/gtest.h>

#include "stratus/db/device_history.hpp"
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
    over.history.push_back(row);
    row.rollout = "r2";
    running.history.push_back(row);
  }
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
  EXPECT_EQ(prune(25, 1), 3);  // one of each kind
  EXPECT_EQ(prune(25, 1), 1);
  EXPECT_EQ(prune(25, 1), 0);
  const auto left = list_rollout_history(database(), "d", 100);
  ASSERT_EQ(left->size(), 4U);
  EXPECT_EQ(firmware_history(database(), "d", 10)->size(), 1U);
  const auto shown = content_history(database(), "d", 10);
  ASSERT_EQ(shown->size(), 1U);
  EXPECT_EQ((*shown)[0].content, "b");
}

}  // namespace
}  // namespace stratus::db
