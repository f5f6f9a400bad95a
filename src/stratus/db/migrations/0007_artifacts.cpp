// The tables of what is not a container image: uploads by signed address, firmware, display content.
#include <array>

#include "stratus/db/migrations.hpp"

namespace stratus::db {
namespace {

constexpr std::string_view kTables = R"sql(
CREATE TABLE uploads (
  id TEXT PRIMARY KEY,
  file_name TEXT NOT NULL,
  version TEXT NOT NULL DEFAULT '',
  digest TEXT NOT NULL DEFAULT '',
  size BIGINT NOT NULL DEFAULT 0,
  created_by TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  expires_ms BIGINT NOT NULL
);
CREATE INDEX uploads_by_expiry ON uploads (expires_ms);
CREATE TABLE firmware (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  file_name TEXT NOT NULL,
  notes TEXT NOT NULL DEFAULT '',
  classes TEXT NOT NULL DEFAULT '',
  digest TEXT NOT NULL,
  size BIGINT NOT NULL,
  manifest TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  revision BIGINT NOT NULL DEFAULT 1,
  UNIQUE (name, version),
  UNIQUE (file_name, version)
);
CREATE INDEX firmware_by_time ON firmware (created_ms, id);
CREATE TABLE contents (
  id TEXT PRIMARY KEY,
  title TEXT NOT NULL UNIQUE,
  description TEXT NOT NULL DEFAULT '',
  original_name TEXT NOT NULL,
  original_digest TEXT NOT NULL,
  original_size BIGINT NOT NULL,
  display_name TEXT NOT NULL,
  display_digest TEXT NOT NULL,
  display_size BIGINT NOT NULL,
  manifest TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  revision BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX contents_by_time ON contents (created_ms, id);
)sql";

constexpr std::array<Migration, 1> kSteps{{{7, kTables}}};

}  // namespace

const Vertical kArtifactSchema{"artifacts", kSteps, kTables};

}  // namespace stratus::db
