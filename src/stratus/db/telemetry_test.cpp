#include "stratus/db/telemetry.hpp"

#include "stratus/db/devices.hpp"
#include "stratus/db/measurements_sql.hpp"
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

// More than one piece of the index, with late, early, repeated and foreign rows in each.
TEST_P(TelemetryTest, MeasurementsAreListedAcrossPieces) {
  constexpr std::int64_t kPiece = 65'536, kDay = 86'400'000;
  const auto add = [&](std::int64_t id, std::string device, std::int64_t time_ms, std::int64_t received_ms) {
    write([&](Transaction& transaction) -> Result<void> {
      STRATUS_CHECK(transaction.run(
          "INSERT INTO measurements (id, device, kind, time_ms, received_ms, body) "
          "VALUES ($1, $2, $3, $4, $5, $6)",
          {id, device, id % 2 == 0 ? "even" : "odd", time_ms, received_ms, std::to_string(id)}));
      return {};
    });
  };
  for (std::int64_t piece = 0; piece < 5; ++piece) {
    for (std::int64_t i = 1; i <= 10; ++i) {
      const std::int64_t time_ms = piece * 3 * kDay + i;
      add(piece * kPiece + i, "d", time_ms, time_ms);
      add(piece * kPiece + i + 100, "e", time_ms, time_ms);
    }
  }
  add(4 * kPiece + 20, "d", 8, 12 * kDay);      // known from the first piece
  add(4 * kPiece + 22, "d", 5'000, 12 * kDay);  // told late
  add(4 * kPiece + 23, "d", 5'000, 12 * kDay);  // of the other kind at the same time
  const auto bodies = [&](std::string_view kind, std::int64_t from_ms, std::int64_t to_ms,
                          std::int64_t limit) {
    std::vector<std::string> told;
    const auto found = list_metrics(database(), "d", kind, from_ms, to_ms, limit);
    EXPECT_TRUE(found) << found.error().text();
    if (found) {
      for (const MetricRow& row : *found) told.push_back(row.body);
    }
    return told;
  };
  EXPECT_EQ(bodies("", 0, 20 * kDay, 1'000).size(), 52u);
  EXPECT_EQ(bodies("", 7, 5'000, 10), (std::vector<std::string>{"7", "8", "9", "10", "262166", "262167"}));
  EXPECT_EQ(bodies("odd", 0, 20 * kDay, 3), (std::vector<std::string>{"1", "3", "5"}));
  EXPECT_EQ(bodies("", 3 * kDay + 9, 20 * kDay, 3), (std::vector<std::string>{"65545", "65546", "131073"}));
  // Page by page as the API asks for them, whatever the size of a page.
  for (const std::int64_t limit : {1, 2, 7}) {
    std::vector<std::string> all;
    std::int64_t from_ms = 0;
    std::string after;
    for (;;) {
      const auto page = list_metrics(database(), "d", "", from_ms, 20 * kDay, limit, after);
      ASSERT_TRUE(page) << page.error().text();
      for (const MetricRow& row : *page) all.push_back(row.body);
      if (static_cast<std::int64_t>(page->size()) < limit) break;
      from_ms = page->back().time_ms;
      after = page->back().kind;
    }
    EXPECT_EQ(all, bodies("", 0, 20 * kDay, 1'000)) << limit;
  }
}

TEST_P(TelemetryTest, RepeatedMeasurementsTakeNobodysPlace) {
  std::vector<MetricRow> metrics;
  for (int i = 0; i < 40; ++i) metrics.push_back({"d", "k", i / 8, i / 8, std::to_string(i)});
  write([&](Transaction& transaction) { return add_metrics(transaction, metrics); });
  const auto found = list_metrics(database(), "d", "", 0, 100, 5);
  ASSERT_TRUE(found) << found.error().text();
  std::vector<std::string> bodies;
  for (const MetricRow& row : *found) bodies.push_back(row.body);
  EXPECT_EQ(bodies, (std::vector<std::string>{"0", "8", "16", "24", "32"}));
}

// The index is there for it: a chart must not read the whole table.
TEST(Measurements, AreFoundByTheirIndex) {
  TestDatabase test(Engine::sqlite);
  for (const std::string_view sql : {kOnePiece, kSeveralPieces}) {
    std::vector<Value> values{std::int64_t{1}, std::string("d"), std::int64_t{1}, std::int64_t{9},
                              std::string(),   std::int64_t{10}, std::int64_t{-1}};
    if (sql == kSeveralPieces) values.emplace_back(std::int64_t{3});
    const auto plan = test.database().run("EXPLAIN QUERY PLAN " + std::string(sql), values);
    ASSERT_TRUE(plan) << plan.error().text();
    std::string text;
    for (const Row row : *plan) text += row.text(3) + "\n";
    EXPECT_NE(text.find("measurements_by_device (<expr>=? AND device=? AND time_ms>?"), std::string::npos)
        << text;
  }
}

TEST_P(TelemetryTest, PresenceAndProgressKeepTheLast) {
  const std::vector<PresenceRow> rows{{"d", true, 5, 5, "boot", "1", ""},
                                      {"d", false, 6, 6, "boot", "1", ""}};
  write([&](Transaction& transaction) { return put_presence(transaction, rows); });
  EXPECT_FALSE(find_presence(database(), "d")->online);
  const std::vector<PresenceRow> spoke{{"d", false, 0, 9, "", "", "site"}};
  write([&](Transaction& transaction) { return put_online(transaction, spoke); });
  const auto found = find_presence(database(), "d");
  EXPECT_TRUE(found->online);
  EXPECT_EQ(found->boot, "boot") << "only what was seen changes";
  EXPECT_EQ(found->gateway, "site");
  EXPECT_EQ(found->seen_ms, 9);
  write([](Transaction& transaction) { return create_device(transaction, "d", 3); });
  const std::vector<SeenRow> seen{{"d", 12}, {"gone", 12}};
  write([&](Transaction& transaction) { return note_seen(transaction, seen); });
  EXPECT_EQ(find_device(database(), "d")->reported.last_seen_ms, 12) << "lists go by it";
  EXPECT_EQ(find_presence(database(), "d")->seen_ms, 12);
  EXPECT_EQ(find_device(database(), "gone").error().code(), ErrorCode::not_found);
  write([](Transaction& transaction) { return set_all_offline(transaction, 10); });
  EXPECT_FALSE(find_presence(database(), "d")->online);
  EXPECT_EQ(find_presence(database(), "x").error().code(), ErrorCode::not_found);

  const std::vector<ProgressRow> progress{{"d", 1, "a"}, {"d", 2, "b"}};
  write([&](Transaction& transaction) { return put_progress(transaction, progress); });
  EXPECT_EQ(find_progress(database(), "d")->body, "b");
}

TEST_P(TelemetryTest, OldEventsGoInBoundedSteps) {
  std::vector<EventRow> events;
  for (int i = 0; i < 10; ++i) events.push_back({0, "d", "k", i, i, i, "", "{}"});
  write([&](Transaction& transaction) { return add_events(transaction, events); });
  std::int64_t removed = 0;
  const auto prune = [&](Transaction& transaction) -> Result<void> {
    STRATUS_TRY(count, prune_events(transaction, 5, 4));
    removed = count;
    return {};
  };
  for (const std::int64_t expected : {4, 1, 0}) {
    write(prune);
    EXPECT_EQ(removed, expected);
  }
  EXPECT_EQ(list_events(database(), "d", "", "", 0, 100)->size(), 5u);
}

// A clock that was far ahead once marked the first ones.
TEST_P(TelemetryTest, OldMeasurementsGoFromBehindThoseOfTheFuture) {
  constexpr std::int64_t kFuture = 86'400'000;  // ms
  std::vector<MetricRow> metrics;
  for (int i = 0; i < 9; ++i) metrics.push_back({"d", "k", i, kFuture + i, "{}"});
  for (int i = 9; i < 20; ++i) metrics.push_back({"d", "k", i, i, "{}"});
  write([&](Transaction& transaction) { return add_metrics(transaction, metrics); });
  PrunedPage page;
  const auto prune = [&](Transaction& transaction) -> Result<void> {
    STRATUS_TRY(pruned, prune_metrics(transaction, 18, page.last_id, 4));
    page = pruned;
    return {};
  };
  std::vector<std::int64_t> removed;
  for (;;) {
    write(prune);
    if (page.last_id == 0) break;
    removed.push_back(page.removed);
  }
  EXPECT_EQ(removed, (std::vector<std::int64_t>{0, 0, 3, 4, 2}));
  EXPECT_EQ(list_metrics(database(), "d", "", 0, 100, 100)->size(), 11u);
}

}  // namespace
}  // namespace stratus::db
