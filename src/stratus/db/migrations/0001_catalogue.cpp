// The tables of the main job: devices and what they report, releases, targets, operations.
#include <array>

#include "stratus/db/migrations.hpp"

namespace stratus::db {
namespace {

constexpr std::array<Migration, 2> kSteps{{
    {1, R"sql(
CREATE TABLE devices (
  id TEXT PRIMARY KEY,
  first_seen_ms BIGINT NOT NULL,
  last_seen_ms BIGINT NOT NULL,
  name TEXT NOT NULL DEFAULT '',
  running TEXT NOT NULL DEFAULT '',
  running_version TEXT NOT NULL DEFAULT '',
  target TEXT NOT NULL DEFAULT '',
  target_version TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL DEFAULT '',
  sequence BIGINT NOT NULL DEFAULT 0,
  reported_ms BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE reports (
  device TEXT NOT NULL,
  sequence BIGINT NOT NULL,
  received_ms BIGINT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (device, sequence)
);
CREATE TABLE samples (
  id %AUTO_KEY%,
  device TEXT NOT NULL,
  received_ms BIGINT NOT NULL,
  body TEXT NOT NULL
);
CREATE TABLE releases (
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  digest TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  PRIMARY KEY (name, version)
);
CREATE TABLE targets (
  name TEXT PRIMARY KEY,
  version TEXT NOT NULL,
  digest TEXT NOT NULL,
  changed_ms BIGINT NOT NULL
);
CREATE TABLE operations (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  name TEXT NOT NULL DEFAULT '',
  version TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL,
  detail TEXT NOT NULL DEFAULT '',
  done BIGINT NOT NULL DEFAULT 0,
  total BIGINT NOT NULL DEFAULT 0,
  created_ms BIGINT NOT NULL,
  finished_ms BIGINT NOT NULL DEFAULT 0
);
)sql"},
    {2, R"sql(
CREATE INDEX devices_by_running ON devices (name, running);
CREATE INDEX samples_by_device ON samples (device, id);
CREATE INDEX operations_by_time ON operations (created_ms);
)sql"},
}};

}  // namespace

const Vertical kCatalogueSchema{"catalogue", kSteps, R"sql(
CREATE TABLE devices (
  id TEXT PRIMARY KEY,
  first_seen_ms BIGINT NOT NULL,
  last_seen_ms BIGINT NOT NULL,
  name TEXT NOT NULL DEFAULT '',
  running TEXT NOT NULL DEFAULT '',
  running_version TEXT NOT NULL DEFAULT '',
  target TEXT NOT NULL DEFAULT '',
  target_version TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL DEFAULT '',
  sequence BIGINT NOT NULL DEFAULT 0,
  reported_ms BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX devices_by_running ON devices (name, running);
CREATE TABLE reports (
  device TEXT NOT NULL,
  sequence BIGINT NOT NULL,
  received_ms BIGINT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (device, sequence)
);
CREATE TABLE samples (
  id %AUTO_KEY%,
  device TEXT NOT NULL,
  received_ms BIGINT NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX samples_by_device ON samples (device, id);
CREATE TABLE releases (
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  digest TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  PRIMARY KEY (name, version)
);
CREATE TABLE targets (
  name TEXT PRIMARY KEY,
  version TEXT NOT NULL,
  digest TEXT NOT NULL,
  changed_ms BIGINT NOT NULL
);
CREATE TABLE operations (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  name TEXT NOT NULL DEFAULT '',
  version TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL,
  detail TEXT NOT NULL DEFAULT '',
  done BIGINT NOT NULL DEFAULT 0,
  total BIGINT NOT NULL DEFAULT 0,
  created_ms BIGINT NOT NULL,
  finished_ms BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX operations_by_time ON operations (created_ms);
)sql"};

}  // namespace stratus::db
