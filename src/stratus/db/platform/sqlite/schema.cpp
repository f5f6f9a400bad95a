#include "stratus/db/platform/sqlite/schema.hpp"

#include <fmt/format.h>

#include "stratus/db/migrations.hpp"

namespace stratus::db {

Result<void> migrate(Connection& connection) {
  STRATUS_CHECK(connection.script("CREATE TABLE IF NOT EXISTS schema_version (number BIGINT NOT NULL)"));
  std::int64_t current = 0;
  STRATUS_CHECK(connection.query("SELECT COALESCE(MAX(number), 0) FROM schema_version", {},
                                 [&](const Row& row) { current = row.integer(0); }));
  if (current > migrations().back().number) {
    return fail(ErrorCode::conflict,
                fmt::format("the database has schema {}, this program knows up to {}: use the newer program",
                            current, migrations().back().number));
  }
  for (const Migration& migration : migrations()) {
    if (migration.number <= current) continue;
    const std::string script =
        fmt::format("BEGIN IMMEDIATE; {}; INSERT INTO schema_version VALUES ({}); COMMIT", migration.sql,
                    migration.number);
    if (auto done = connection.script(script); !done) {
      (void)connection.script("ROLLBACK");
      return std::move(done).with_context(fmt::format("migrate to schema {}", migration.number));
    }
  }
  return {};
}

}  // namespace stratus::db
