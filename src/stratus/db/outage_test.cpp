// The database goes away under the program: what was acknowledged stays, what was not says so, and all goes
// on by itself.
#include <atomic>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "stratus/db/testing.hpp"

namespace stratus::db {
namespace {

Result<void> add(Database& database, std::int64_t id, std::size_t bytes = 10) {
  return database.write_now([=](Transaction& t) -> Result<void> {
    STRATUS_CHECK(t.run("INSERT INTO samples (device, received_ms, body) VALUES ('d', $1, $2)",
                        {id, std::string(bytes, 'x')}));
    return {};
  });
}

template <class Condition>
bool comes_true(const Condition& condition) {
  for (int i = 0; i < 3'000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));  // between two looks, bounded
  }
  return false;
}

TEST(Outage, APostgresThatCrashedAndCameBackLosesNothing) {
  if (!TestPostgres::installed()) GTEST_SKIP() << "no postgresql-15";
  TestPostgres server;  // of its own: the others go on
  const std::string url = server.make_database();
  auto opened = Database::open(url, {});
  ASSERT_TRUE(opened) << opened.error().text();
  Database& database = **opened;
  std::set<std::int64_t> acknowledged;
  std::atomic<bool> stop = false;
  std::atomic<int> refused = 0, stored = 0;
  std::thread client([&] {
    for (std::int64_t id = 0; !stop; ++id) {
      const auto done = add(database, id);
      if (done) {
        acknowledged.insert(id);
        ++stored;
      } else {
        EXPECT_EQ(done.error().code(), ErrorCode::unavailable) << done.error().text();
        ++refused;
      }
    }
  });
  EXPECT_TRUE(comes_true([&] { return stored > 20; }));
  server.stop(SIGQUIT);  // no shutdown: as after a crash
  EXPECT_TRUE(comes_true([&] { return refused > 0 && !database.state().ok; }));
  EXPECT_FALSE(database.state().detail.empty());
  const auto unread = database.query("SELECT 1");
  EXPECT_FALSE(unread);
  if (!unread) EXPECT_EQ(unread.error().code(), ErrorCode::unavailable);
  server.start();
  const int before = stored;
  EXPECT_TRUE(comes_true([&] { return stored > before + 20 && database.state().ok; }));
  stop = true;
  client.join();
  // Readers try again half a second after a refusal.
  Result<Rows> rows;
  EXPECT_TRUE(
      comes_true([&] { return (rows = database.query("SELECT received_ms FROM samples")).has_value(); }));
  ASSERT_TRUE(rows) << rows.error().text();
  std::set<std::int64_t> kept;
  for (const Row row : *rows) kept.insert(row.integer(0));
  for (const std::int64_t id : acknowledged) EXPECT_TRUE(kept.contains(id)) << id;
  opened->reset();
}

TEST(Outage, AnIdlePostgresConnectionThatDiedIsNoticedByTheNextWork) {
  if (!TestPostgres::installed()) GTEST_SKIP() << "no postgresql-15";
  TestPostgres server;
  auto opened = Database::open(server.make_database(), {});
  ASSERT_TRUE(opened && add(**opened, 1) && (*opened)->query("SELECT 1"));
  server.stop(SIGINT);
  server.start();
  EXPECT_TRUE(add(**opened, 2));
  EXPECT_TRUE((*opened)->query("SELECT 1"));
  opened->reset();
}

TEST(Outage, AFullSqliteRefusesSaysSoAndGoesOnWhenThereIsRoom) {
  TestDatabase test(Engine::sqlite);
  Database& database = test.database();
  const auto bound = [&](const std::string& pages) {
    return database.write_now([&](Transaction& t) -> Result<void> {
      STRATUS_CHECK(t.run("PRAGMA max_page_count=" + pages));
      return {};
    });
  };
  ASSERT_TRUE(add(database, 0));
  ASSERT_TRUE(bound("1"));  // no more than it has
  std::int64_t kept = 1;
  Result<void> last;
  while (kept < 100 && (last = add(database, kept, 3'000))) ++kept;
  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().code(), ErrorCode::no_space);
  EXPECT_FALSE(database.state().ok);
  EXPECT_EQ((*database.query("SELECT COUNT(*) FROM samples"))[0].integer(0), kept);
  // Many at once: each is told, none is half there.
  std::atomic<int> told = 0, done = 0;
  for (int i = 0; i < 50; ++i) {
    database.write(
        [i](Transaction& t) -> Result<void> {
          STRATUS_CHECK(t.run("INSERT INTO samples (device, received_ms, body) VALUES ('d', $1, $2)",
                              {std::int64_t{1000 + i}, std::string(3'000, 'x')}));
          return {};
        },
        [&](Result<void> result) {
          if (result) ++done;
          ++told;
        });
  }
  EXPECT_TRUE(comes_true([&] { return told == 50; }));
  EXPECT_EQ((*database.query("SELECT COUNT(*) FROM samples"))[0].integer(0), kept + done);
  ASSERT_TRUE(bound("1000000"));
  EXPECT_TRUE(add(database, kept, 3'000));
  EXPECT_TRUE(comes_true([&] { return database.state().ok; }));
}

}  // namespace
}  // namespace stratus::db
