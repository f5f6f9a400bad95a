#include "stratus/db/platform/sqlite/schema.hpp"

#include <map>

#include <gtest/gtest.h>

#include "stratus/base/temporary_directory_testing.hpp"
#include "stratus/db/migrations.hpp"

namespace stratus::db {
namespace {

std::map<std::string, std::string> objects(Connection& connection) {
  std::map<std::string, std::string> found;
  EXPECT_TRUE(connection.query("SELECT name, sql FROM sqlite_master WHERE name <> 'schema_version'", {},
                               [&](const Row& row) { found[row.text(0)] = row.text(1); }));
  return found;
}

TEST(Schema, MigratedEqualsFresh) {
  const stratus::testing::TemporaryDirectory directory;
  auto migrated = Connection::open(directory / "migrated.db", false);
  auto fresh = Connection::open(directory / "fresh.db", false);
  ASSERT_TRUE(migrated && fresh);
  ASSERT_TRUE(migrate(**migrated));
  ASSERT_TRUE((*fresh)->script(std::string(kSchema)));
  EXPECT_EQ(objects(**migrated), objects(**fresh));
  ASSERT_TRUE(migrate(**migrated));  // again: nothing to do
}

TEST(Schema, RefusesANewerDatabase) {
  const stratus::testing::TemporaryDirectory directory;
  auto connection = Connection::open(directory / "x.db", false);
  ASSERT_TRUE(connection && migrate(**connection));
  ASSERT_TRUE((*connection)->script("INSERT INTO schema_version VALUES (999)"));
  EXPECT_EQ(migrate(**connection).error().code(), ErrorCode::conflict);
}

}  // namespace
}  // namespace stratus::db
