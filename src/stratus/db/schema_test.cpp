#include "stratus/db/schema.hpp"

#include <array>
#include <csignal>
#include <future>
#include <set>

#include <gtest/gtest.h>
#include <sys/wait.h>

#include "stratus/db/testing.hpp"

namespace stratus::db {
namespace {

// Everything that makes the schema, one line each, in an order of its own: how it came about does not count.
std::vector<std::string> shape(Connection& connection) {
  const std::string_view sql =
      connection.engine() == Engine::sqlite
          ? "SELECT line FROM ("
            "SELECT 'column ' || m.name || '.' || c.name || ' ' || c.type || ' ' || c.\"notnull\" || ' ' || "
            "c.pk || ' ' || "
            "COALESCE(c.dflt_value, '-') AS line FROM sqlite_master m, pragma_table_info(m.name) c WHERE "
            "m.type = 'table' "
            "UNION ALL SELECT 'index ' || name || ' ' || sql FROM sqlite_master WHERE type = 'index' AND sql "
            "IS NOT NULL "
            "UNION ALL SELECT 'key ' || m.name || '.' || f.\"from\" || ' ' || f.\"table\" || '.' || "
            "COALESCE(f.\"to\", '-') || ' ' || f.on_delete "
            "FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table' "
            "UNION ALL SELECT 'unique ' || m.name || ' ' || i.origin || ' ' || (SELECT GROUP_CONCAT(name, "
            "',') FROM pragma_index_info(i.name)) "
            "FROM sqlite_master m, pragma_index_list(m.name) i WHERE m.type = 'table' AND i.\"unique\" = 1) "
            "ORDER BY line"
          : "SELECT line FROM ("
            "SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable "
            "|| ' ' || is_identity || ' ' || "
            "COALESCE(column_default, '-') AS line FROM information_schema.columns WHERE table_schema = "
            "'public' "
            "UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public' "
            "UNION ALL SELECT 'constraint ' || conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM "
            "pg_constraint "
            "WHERE connamespace = 'public'::regnamespace) AS lines ORDER BY line";
  auto rows = connection.query(sql);
  EXPECT_TRUE(rows) << rows.error().text();
  std::vector<std::string> lines;
  if (rows) {
    for (const Row row : *rows) lines.push_back(row.text(0));
  }
  return lines;
}

// The numbers of the steps that a database names as done, in the order of the numbers.
std::vector<std::int64_t> steps_of(Connection& connection) {
  std::vector<std::int64_t> numbers;
  auto rows = connection.query("SELECT number FROM schema_version ORDER BY number");
  EXPECT_TRUE(rows) << rows.error().text();
  if (rows) {
    for (const Row row : *rows) numbers.push_back(row.integer(0));
  }
  return numbers;
}

std::unique_ptr<Connection> connect(const std::string& url) {
  auto connection = open_connection(url, Access::read_write);
  if (!connection) throw std::runtime_error(connection.error().text());
  return std::move(*connection);
}

std::vector<std::string> newest_shape(Engine engine) {
  TestDatabase test(engine);
  const auto connection = connect(test.url());
  EXPECT_TRUE(migrate(*connection));
  return shape(*connection);
}

class SchemaTest : public EngineTest {};
STRATUS_BOTH_ENGINES(SchemaTest);

TEST_P(SchemaTest, TheMigratedSchemaIsTheNewestOne) {
  const auto connection = connect(test_->url());
  ASSERT_TRUE(migrate(*connection, {}));  // only what keeps the books
  for (const Vertical* const vertical : verticals()) {
    for (const std::string& statement : statements_of(vertical->schema, GetParam())) {
      const auto done = connection->script(statement);
      ASSERT_TRUE(done) << vertical->name << ": " << done.error().text() << statement;
    }
  }
  EXPECT_EQ(shape(*connection), newest_shape(GetParam()));
}

TEST_P(SchemaTest, MigratingAgainChangesNothing) {
  const auto connection = connect(test_->url());
  ASSERT_TRUE(migrate(*connection));
  const auto steps = steps_of(*connection);
  const auto again = migrate(*connection);
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(steps_of(*connection), steps);
  EXPECT_EQ(shape(*connection), newest_shape(GetParam()));
}

TEST(Migrations, HaveANumberEach) {
  std::set<int> numbers;
  for (const Vertical* const vertical : verticals()) {
    for (const Migration& step : vertical->steps)
      EXPECT_TRUE(numbers.insert(step.number).second) << vertical->name << ": " << step.number;
  }
}

TEST_P(SchemaTest, TwoStepsOfOneNumberAreRefused) {
  static constexpr std::array<Migration, 1> kOne{{{901, "CREATE TABLE a (x BIGINT);\n"}}};
  static constexpr std::array<Migration, 1> kOther{{{901, "CREATE TABLE b (x BIGINT);\n"}}};
  const Vertical one{"one", kOne, ""}, other{"other", kOther, ""};
  const auto connection = connect(test_->url());
  const std::array<const Vertical*, 2> both{&one, &other};
  const auto done = migrate(*connection, both);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), ErrorCode::internal);
  EXPECT_TRUE(steps_of(*connection).empty());
}

// What a large database's steps sort must not have to fit into the memory.
TEST(Migrations, SortInAFile) {
  static constexpr std::array<Migration, 1> kStep{
      {{901, "CREATE TABLE seen AS SELECT temp_store AS place FROM pragma_temp_store;\n"}}};
  const Vertical one{"one", kStep, ""};
  const std::array<const Vertical*, 1> steps{&one};
  TestDatabase test(Engine::sqlite);
  const auto connection = connect(test.url());
  const auto now = [&] { return (*connection->query("PRAGMA temp_store"))[0].integer(0); };
  EXPECT_EQ(now(), 2) << "in memory, where batches are written";
  ASSERT_TRUE(migrate(*connection, steps));
  EXPECT_EQ((*connection->query("SELECT place FROM seen"))[0].integer(0), 1) << "in a file";
  EXPECT_EQ(now(), 2);
}

TEST_P(SchemaTest, ADatabaseOfANewerProgramIsRefused) {
  const auto connection = connect(test_->url());
  ASSERT_TRUE(migrate(*connection));
  ASSERT_TRUE(connection->script("INSERT INTO schema_version VALUES (999)"));
  EXPECT_EQ(migrate(*connection).error().code(), ErrorCode::conflict);
}

TEST_P(SchemaTest, AStepMissingInTheMiddleIsAppliedLater) {
  static constexpr std::array<Migration, 1> kTwo{{{902, "CREATE TABLE b (x BIGINT);\n"}}};
  static constexpr std::array<Migration, 1> kOne{{{901, "CREATE TABLE a (x BIGINT);\n"}}};
  const Vertical one{"one", kOne, ""}, two{"two", kTwo, ""};
  const auto connection = connect(test_->url());
  const std::array<const Vertical*, 1> first{&two};
  ASSERT_TRUE(migrate(*connection, first));
  const std::array<const Vertical*, 2> both{&two, &one};
  ASSERT_TRUE(migrate(*connection, both));
  EXPECT_TRUE(connection->query("SELECT * FROM a, b"));
}

// Another server that still runs adds a row while this one wants to move them.
TEST(Migrations, WaitForWhoWritesWhatTheyMove) {
  if (!TestPostgres::installed()) GTEST_SKIP() << "no postgresql-15";
  static constexpr std::array<Migration, 2> kSteps{
      {{901, "CREATE TABLE old (x BIGINT);\n"},
       {902, "CREATE TABLE fresh (x BIGINT);\nINSERT INTO fresh SELECT x FROM old;\nDROP TABLE old;\n",
        "old"}}};
  const Vertical before{"before", std::span(kSteps).first(1), ""}, after{"after", kSteps, ""};
  TestDatabase test(Engine::postgres);
  const auto other = connect(test.url());
  const std::array<const Vertical*, 1> first{&before}, all{&after};
  ASSERT_TRUE(migrate(*other, first));
  ASSERT_TRUE(other->script("BEGIN; INSERT INTO old VALUES (7)"));
  auto migrated = std::async(std::launch::async, [&] {
    const auto connection = connect(test.url());
    return migrate(*connection, all);
  });
  // Until it waits for a lock, which without one of its own would be that of DROP TABLE.
  const auto watcher = connect(test.url());
  const auto waits = [&] {
    const auto rows = watcher->query("SELECT 1 FROM pg_locks WHERE NOT granted");
    return rows && !rows->empty();
  };
  while (!waits() && migrated.wait_for(std::chrono::milliseconds(5)) != std::future_status::ready) continue;
  ASSERT_TRUE(other->script("COMMIT"));
  const auto done = migrated.get();
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ((*watcher->query("SELECT COUNT(*) FROM fresh"))[0].integer(0), 1);
}

// Forwards to a real connection until a number of statements has run; then the process dies as by kill -9.
class DyingConnection final : public Connection {
 public:
  DyingConnection(Connection& real, int statements) : real_(real), left_(statements) {}
  Engine engine() const override { return real_.engine(); }
  bool in_transaction() const override { return real_.in_transaction(); }
  Result<void> script(const std::string& sql) override {
    count();
    return real_.script(sql);
  }
  Result<Rows> run(std::string_view sql, Values values) override {
    count();
    return real_.run(sql, values);
  }
  Result<void> bulk_insert(std::string_view table, const std::vector<std::string_view>& columns,
                           Values values, const OnConflict& conflict) override {
    count();
    return real_.bulk_insert(table, columns, values, conflict);
  }

 private:
  void count() {
    if (left_-- == 0) ::kill(::getpid(), SIGKILL);
  }
  Connection& real_;
  int left_;
};

// Whether the migration ended before it was killed at that statement; afterwards all must be well.
bool survives_kill_at(Engine engine, int statement, std::span<const Vertical* const> steps,
                      const std::vector<std::string>& newest) {
  const TestDatabase test(engine);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto real = connect(test.url());
    DyingConnection dying(*real, statement);
    ::_exit(migrate(dying, steps) ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) ? WEXITSTATUS(status) == 0 : WTERMSIG(status) == SIGKILL) << statement;
  const auto connection = connect(test.url());
  const auto done = migrate(*connection, steps);
  EXPECT_TRUE(done) << statement << ": " << done.error().text();
  EXPECT_EQ(shape(*connection), newest) << statement;
  return WIFEXITED(status);
}

TEST_P(SchemaTest, KilledAtAnyStatementTheNextStartGoesOn) {
  static constexpr std::array<Migration, 2> kSteps{
      {{901, "CREATE TABLE a (x BIGINT);\nCREATE INDEX ax ON a (x);\nINSERT INTO a VALUES (1);\n"},
       {902, "ALTER TABLE a ADD COLUMN y TEXT;\nUPDATE a SET x = x + 1;\nCREATE TABLE b (z BIGINT);\n"}}};
  const Vertical small{"small", kSteps, ""};
  const std::array<const Vertical*, 1> steps{&small};
  const auto connection = connect(test_->url());
  ASSERT_TRUE(migrate(*connection, steps));
  int statement = 0;
  while (!survives_kill_at(GetParam(), statement, steps, shape(*connection))) ++statement;
  EXPECT_GT(statement, 10);
}

// The real steps: each statement in the long form, else some of them.
TEST_P(SchemaTest, KilledInTheRealMigrationTheNextStartGoesOn) {
  const char* const long_form = std::getenv("STRATUS_LONG");
  const int stride = long_form != nullptr && *long_form != '\0' ? 1 : 23;
  const auto newest = newest_shape(GetParam());
  for (int statement = stride - 1; !survives_kill_at(GetParam(), statement, verticals(), newest);)
    statement += stride;
}

}  // namespace
}  // namespace stratus::db
