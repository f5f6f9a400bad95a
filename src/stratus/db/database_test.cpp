#include "stratus/db/database.hpp"

#include <atomic>
#include <future>
#include <thread>

#include <gtest/gtest.h>

#include "stratus/db/testing.hpp"

namespace stratus::db {
namespace {

class DatabaseTest : public EngineTest {
 protected:
  void opened() override {
    ASSERT_TRUE(write([](Transaction& t) -> Result<void> {
      STRATUS_CHECK(
          t.run("CREATE TABLE things (id BIGINT PRIMARY KEY, name TEXT NOT NULL, weight DOUBLE PRECISION, "
                "data BYTEA, fine BOOLEAN, CHECK (id < 1000000))"));
      STRATUS_CHECK(t.run("CREATE TABLE parts (thing BIGINT NOT NULL REFERENCES things (id))"));
      return {};
    }));
  }
  Result<void> write(const Database::Work& work) { return database().write_now(work); }
  Result<void> run(std::string_view sql, std::initializer_list<Value> values = {}) {
    return write([&](Transaction& t) -> Result<void> {
      STRATUS_CHECK(t.run(sql, values));
      return {};
    });
  }
  Result<void> add(std::int64_t id, const std::string& name) {
    return run("INSERT INTO things (id, name) VALUES ($1, $2)", {id, name});
  }
  std::int64_t count() {
    return database().query("SELECT COUNT(*) FROM things")->begin().operator*().integer(0);
  }
};
STRATUS_BOTH_ENGINES(DatabaseTest);

TEST_P(DatabaseTest, EveryKindOfValueComesBackAsItWas) {
  const Bytes data{0, 1, 255, 0};
  const std::string text = "한국 \"quoted\" \\ '$1' %";
  ASSERT_TRUE(run("INSERT INTO things (id, name, weight, data, fine) VALUES ($1, $2, $3, $4, $5)",
                  {std::int64_t{-7}, text, 0.1, data, std::int64_t{1}}));
  ASSERT_TRUE(run("INSERT INTO things (id, name, weight, data) VALUES ($1, $2, $3, $4)",
                  {std::int64_t{8}, "", Value(), Bytes()}));
  const auto rows =
      database().query("SELECT id, name, weight, data, fine, weight IS NULL FROM things ORDER BY id");
  ASSERT_TRUE(rows) << rows.error().text();
  ASSERT_EQ(rows->size(), 2u);
  const Row first = (*rows)[0], second = (*rows)[1];
  EXPECT_EQ(first.integer(0), -7);
  EXPECT_EQ(first.text(1), text);
  EXPECT_EQ(first.real(2), 0.1);
  EXPECT_EQ(first.bytes(3), data);
  EXPECT_TRUE(first.boolean(4));
  EXPECT_FALSE(first.boolean(5));
  EXPECT_EQ(second.text(1), "");
  EXPECT_FALSE(second.is_null(1));
  EXPECT_TRUE(second.is_null(2));
  EXPECT_FALSE(second.is_null(3));
  EXPECT_TRUE(second.bytes(3).empty());
  EXPECT_TRUE(second.is_null(4));
  EXPECT_TRUE(second.boolean(5));
}

TEST_P(DatabaseTest, ErrorsSayWhatKindTheyAre) {
  ASSERT_TRUE(add(1, "a"));
  EXPECT_EQ(add(1, "b").error().code(), ErrorCode::conflict);
  EXPECT_EQ(run("INSERT INTO parts (thing) VALUES ($1)", {std::int64_t{5}}).error().code(),
            ErrorCode::conflict);
  EXPECT_EQ(add(2'000'000, "too large").error().code(), ErrorCode::invalid);
  EXPECT_EQ(run("INSERT INTO things (id) VALUES (3)").error().code(), ErrorCode::invalid);
  EXPECT_EQ(run("nonsense").error().code(), ErrorCode::internal);
  EXPECT_TRUE(database().state().ok) << database().state().detail;  // none of them is the database's fault
  EXPECT_FALSE(database().query("DELETE FROM things"));             // readers only read
  EXPECT_EQ(count(), 1);
}

TEST_P(DatabaseTest, TellsWhatAStatementChanged) {
  ASSERT_TRUE(add(1, "a"));
  ASSERT_TRUE(add(2, "a"));
  std::int64_t changed = 0, returned = 0;
  ASSERT_TRUE(write([&](Transaction& t) -> Result<void> {
    STRATUS_TRY(rows, t.run("UPDATE things SET name = $1 WHERE name = $2", {"b", "a"}));
    changed = rows.affected();
    STRATUS_TRY(back, t.run("DELETE FROM things WHERE id = $1 RETURNING name, id", {std::int64_t{2}}));
    returned = back[0].integer(1);
    return {};
  }));
  EXPECT_EQ(changed, 2);
  EXPECT_EQ(returned, 2);
}

TEST_P(DatabaseTest, AFailedWorkUndoesOnlyItself) {
  std::vector<std::promise<Result<void>>> promises(60);
  std::promise<void> gate;
  auto opened = gate.get_future().share();
  // The first holds the writer up, so that the others make one batch.
  database().write(
      [opened](Transaction&) -> Result<void> {
        opened.wait();
        return {};
      },
      [](Result<void>) {});
  for (std::size_t i = 0; i < promises.size(); ++i) {
    const auto id = static_cast<std::int64_t>(i);
    database().write(
        [id](Transaction& t) -> Result<void> {
          STRATUS_CHECK(t.run("INSERT INTO things (id, name) VALUES ($1, 'x')", {id}));
          if (id % 3 == 1) STRATUS_CHECK(t.run("INSERT INTO things (id, name) VALUES ($1, 'twice')", {id}));
          if (id % 3 == 2) return fail(ErrorCode::invalid, "changed my mind");
          return {};
        },
        [&promises, i](Result<void> done) { promises[i].set_value(std::move(done)); });
  }
  gate.set_value();
  for (std::size_t i = 0; i < promises.size(); ++i) {
    const auto done = promises[i].get_future().get();
    ASSERT_EQ(done.has_value(), i % 3 == 0) << i;
    if (!done) EXPECT_EQ(done.error().code(), i % 3 == 1 ? ErrorCode::conflict : ErrorCode::invalid);
  }
  EXPECT_EQ(count(), 20);
  EXPECT_EQ(add(0, "again").error().code(), ErrorCode::conflict);  // alone in its batch
  EXPECT_TRUE(add(100, "fine"));
}

TEST_P(DatabaseTest, ABulkInsertOfAnySizeArrivesWhole) {
  for (const std::size_t rows : {0u, 1u, 2u, 999u, 2500u}) {
    std::vector<Value> values;
    for (std::size_t i = 0; i < rows; ++i) {
      values.emplace_back(static_cast<std::int64_t>(i));
      values.emplace_back("n" + std::to_string(i));
    }
    ASSERT_TRUE(run("DELETE FROM things"));
    const auto done = write([&](Transaction& t) { return t.bulk_insert("things", {"id", "name"}, values); });
    ASSERT_TRUE(done) << done.error().text();
    EXPECT_EQ(static_cast<std::size_t>(count()), rows);
  }
}

TEST_P(DatabaseTest, ABulkUpsertKeepsOrReplacesAndTheLastOfAKeyCounts) {
  const auto insert = [&](std::vector<Value> values, const OnConflict& conflict) {
    return write([&](Transaction& t) { return t.bulk_insert("things", {"id", "name"}, values, conflict); });
  };
  const auto name = [&] { return (*database().query("SELECT name FROM things WHERE id = 1"))[0].text(0); };
  const std::int64_t one = 1;
  ASSERT_TRUE(insert({one, "first"}, {}));
  EXPECT_EQ(insert({one, "second"}, {}).error().code(), ErrorCode::conflict);
  ASSERT_TRUE(insert({one, "second"}, {{"id"}, {}}));
  EXPECT_EQ(name(), "first");
  ASSERT_TRUE(insert({one, "third", one, "fourth"}, {{"id"}, {"name"}}));
  EXPECT_EQ(name(), "fourth");
  EXPECT_EQ(insert({one}, {}).error().code(), ErrorCode::invalid);
}

TEST_P(DatabaseTest, AReadSeesOneState) {
  ASSERT_TRUE(add(1, "a"));
  std::int64_t before = 0, after = 0;
  ASSERT_TRUE(database().read([&](Reader& reader) -> Result<void> {
    STRATUS_TRY(first, reader.query("SELECT COUNT(*) FROM things"));
    before = first[0].integer(0);
    STRATUS_CHECK(add(2, "b"));
    STRATUS_TRY(second, reader.query("SELECT COUNT(*) FROM things"));
    after = second[0].integer(0);
    return {};
  }));
  EXPECT_EQ(before, 1);
  EXPECT_EQ(after, 1);
  EXPECT_EQ(count(), 2);
}

TEST_P(DatabaseTest, AFullQueueRefusesAtOnce) {
  DatabaseOptions options;
  options.queue = 2;
  test_->reopen(options);
  std::promise<void> gate, started;
  auto opened = gate.get_future().share();
  database().write(
      [&, opened](Transaction&) -> Result<void> {
        started.set_value();
        opened.wait();
        return {};
      },
      [](Result<void>) {});
  started.get_future().wait();
  std::atomic<int> refused = 0, done = 0;
  for (int i = 0; i < 5; ++i) {
    database().write([](Transaction&) -> Result<void> { return {}; },
                     [&](Result<void> result) {
                       if (result)
                         ++done;
                       else if (result.error().code() == ErrorCode::unavailable)
                         ++refused;
                     });
  }
  EXPECT_EQ(refused, 3);
  gate.set_value();
  test_->close();  // writes what is queued
  EXPECT_EQ(done, 2);
}

TEST_P(DatabaseTest, ManyDifferentStatementsDoNotPileUp) {
  for (int i = 0; i < 600; ++i) {
    const auto rows = database().query("SELECT " + std::to_string(i) + " + $1", {std::int64_t{1}});
    ASSERT_TRUE(rows) << rows.error().text();
    EXPECT_EQ((*rows)[0].integer(0), i + 1);
  }
}

TEST_P(DatabaseTest, ManyThreadsReadAndWriteAtOnce) {
  std::vector<std::thread> threads;
  std::atomic<int> failures = 0;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        if (!add(t * 100 + i, "x")) ++failures;
        if (!database().query("SELECT name FROM things WHERE id = $1", {std::int64_t{t * 100 + i}}))
          ++failures;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(count(), 120);
}

}  // namespace
}  // namespace stratus::db
