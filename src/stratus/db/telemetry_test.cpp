#include "stratus/db/telemetry.hpp"

#include "stratus/db/devices.hpp"
#include "stratus/db/testing.hpp"

namespace stratus::db {
namespace {

class TelemetryTest : public EngineTest {
 protected:
  template <class Work>
  void write(Work work) {
    const auto written = database().write_now([&](Transaction& transaction) { return work(transaction); });
    ASSERT_TRUE(written) << written.error().text();
  }
};
STRATUS_BOTH_ENGINES(TelemetryTest);

TEST_P(TelemetryTest, MessagesThatComeTwiceAreKeptOnce) {
  const std::vector<MetricRow> metrics{{"d", "status/system", 10, 11, "{\"cpu\":1}"},
                                       {"d", "status/system", 20, 21, "{\"cpu\":2}"},
                                       {"e", "status/system", 10, 11, "{}"}};
  const std::vector<EventRow> events{{0, "d", "log", 10, 1, 11, "", "a"},
                                     {0, "d", "log", 10, 2, 11, "site", "b"}};
  for (int i = 0; i < 2; ++i) {
    write([&](Transaction& transaction) { return add_metrics(transaction, metrics); });
    write([&](Transaction& transaction) { return add_events(transaction, events); });
  }
  const auto found = list_metrics(database(), "d", "", 0, 100, 10);
  ASSERT_TRUE(found) << found.error().text();
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ((*found)[0].body, "{\"cpu\":1}");
  EXPECT_EQ(list_metrics(database(), "d", "", 15, 100, 10)->size(), 1u);
  EXPECT_EQ(list_metrics(database(), "d", "data/metrics", 0, 100, 10)->size(), 0u);
  const auto told = list_events(database(), "d", "", "", 0, 10);
  ASSERT_TRUE(told) << told.error().text();
  ASSERT_EQ(told->size(), 2u);
  EXPECT_EQ((*told)[0].body, "b") << "newest first";
  EXPECT_EQ((*told)[0].gateway, "site");
  EXPECT_EQ(list_events(database(), "d", "", "", (*told)[0].id, 10)->size(), 1u);
}

TEST_P(TelemetryTest, PresenceAndProgressKeepTheLast) {
  const std::vector<PresenceRow> rows{{"d", true, 5, 5, "boot", "1", ""},
                                      {"d", false, 6, 6, "boot", "1", ""}};
  write([&](Transaction& transaction) { return put_presence(transaction, rows); });
  EXPECT_FALSE(find_presence(database(), "d")->online);
  const std::vector<PresenceRow> seen{{"d", true, 0, 9, "", "", "site"}};
  write([&](Transaction& transaction) { return note_seen(transaction, seen); });
  const auto found = find_presence(database(), "d");
  EXPECT_TRUE(found->online);
  EXPECT_EQ(found->boot, "boot") << "only what was seen changes";
  EXPECT_EQ(found->gateway, "site");
  write([](Transaction& transaction) { return create_device(transaction, "d", 3); });
  write([&](Transaction& transaction) { return note_seen(transaction, seen); });
  EXPECT_EQ(find_device(database(), "d")->reported.last_seen_ms, 9) << "lists go by it";
  write([](Transaction& transaction) { return set_all_offline(transaction, 10); });
  EXPECT_FALSE(find_presence(database(), "d")->online);
  EXPECT_EQ(find_presence(database(), "x").error().code(), ErrorCode::not_found);

  const std::vector<ProgressRow> progress{{"d", 1, "a"}, {"d", 2, "b"}};
  write([&](Transaction& transaction) { return put_progress(transaction, progress); });
  EXPECT_EQ(find_progress(database(), "d")->body, "b");
}

TEST_P(TelemetryTest, OldRowsGoInBoundedSteps) {
  std::vector<MetricRow> metrics;
  std::vector<EventRow> events;
  for (int i = 0; i < 10; ++i) {
    metrics.push_back({"d", "k", i, i, "{}"});
    events.push_back({0, "d", "k", i, i, i, "", "{}"});
  }
  write([&](Transaction& transaction) { return add_metrics(transaction, metrics); });
  write([&](Transaction& transaction) { return add_events(transaction, events); });
  std::int64_t removed = 0;
  const auto prune = [&](Transaction& transaction) -> Result<void> {
    STRATUS_TRY(count, prune_telemetry(transaction, 8, 5, 4));
    removed = count;
    return {};
  };
  write(prune);
  EXPECT_EQ(removed, 8);
  write(prune);
  EXPECT_EQ(removed, 5);
  EXPECT_EQ(list_metrics(database(), "d", "", 0, 100, 100)->size(), 2u);
  EXPECT_EQ(list_events(database(), "d", "", "", 0, 100)->size(), 5u);
}

}  // namespace
}  // namespace stratus::db
