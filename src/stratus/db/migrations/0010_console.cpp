// What the console keeps for people, and which gateway another one is behind.
#include <array>

#include "stratus/db/migrations.hpp"

namespace stratus::db {
namespace {

constexpr std::string_view kTables = R"sql(
CREATE TABLE saved_views (
  owner TEXT NOT NULL,
  page TEXT NOT NULL,
  name TEXT NOT NULL,
  query TEXT NOT NULL,
  changed_ms BIGINT NOT NULL,
  PRIMARY KEY (owner, page, name)
);
ALTER TABLE gateways ADD COLUMN parent TEXT NOT NULL DEFAULT '';
)sql";

constexpr std::array<Migration, 1> kSteps{{{10, kTables}}};

}  // namespace

const Vertical kConsoleSchema{"console", kSteps, kTables};

}  // namespace stratus::db
