// Regions, groups, saved filters; what people know of a device; what it ran and showed.
#include <array>

#include "stratus/db/migrations.hpp"

namespace stratus::db {
namespace {

// devices_scan is the table made narrow, for questions that no other index answers: reading it whole costs a
// third of reading the table (100,000 devices: 20 ms). PostgreSQL bounds an index row to 2,704 bytes, which
// is why `search` is bounded (device_text.hpp).
constexpr std::string_view kNow = R"sql(
CREATE TABLE regions (
  id TEXT PRIMARY KEY,
  code TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  tags TEXT NOT NULL DEFAULT '',
  created_ms BIGINT NOT NULL,
  changed_ms BIGINT NOT NULL,
  revision BIGINT NOT NULL DEFAULT 1
);
CREATE TABLE device_groups (
  id TEXT PRIMARY KEY,
  code TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  tags TEXT NOT NULL DEFAULT '',
  created_ms BIGINT NOT NULL,
  changed_ms BIGINT NOT NULL,
  revision BIGINT NOT NULL DEFAULT 1
);
CREATE TABLE saved_filters (
  id TEXT PRIMARY KEY,
  code TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  filter TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  changed_ms BIGINT NOT NULL,
  revision BIGINT NOT NULL DEFAULT 1
);
ALTER TABLE devices ADD COLUMN label TEXT NOT NULL DEFAULT '';
ALTER TABLE devices ADD COLUMN region TEXT REFERENCES regions (id);
ALTER TABLE devices ADD COLUMN device_group TEXT REFERENCES device_groups (id);
ALTER TABLE devices ADD COLUMN kind TEXT NOT NULL DEFAULT 'linux';
ALTER TABLE devices ADD COLUMN hardware TEXT NOT NULL DEFAULT '';
ALTER TABLE devices ADD COLUMN location TEXT NOT NULL DEFAULT '';
ALTER TABLE devices ADD COLUMN latitude DOUBLE PRECISION;
ALTER TABLE devices ADD COLUMN longitude DOUBLE PRECISION;
ALTER TABLE devices ADD COLUMN time_zone TEXT NOT NULL DEFAULT '';
ALTER TABLE devices ADD COLUMN active BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE devices ADD COLUMN tags TEXT NOT NULL DEFAULT '';
ALTER TABLE devices ADD COLUMN search TEXT NOT NULL DEFAULT '';
ALTER TABLE devices ADD COLUMN changed_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE devices ADD COLUMN revision BIGINT NOT NULL DEFAULT 1;
UPDATE devices SET search = lower(id);
CREATE INDEX devices_by_region ON devices (region, id);
CREATE INDEX devices_by_group ON devices (device_group, id);
CREATE INDEX devices_by_state ON devices (state, id);
CREATE INDEX devices_by_label ON devices (label, id);
CREATE INDEX devices_by_seen ON devices (last_seen_ms, id);
CREATE INDEX devices_scan ON devices (search, id, active, kind, hardware, state, running_version, name);
CREATE INDEX devices_inactive ON devices (region, device_group) WHERE NOT active;
CREATE TABLE device_tags (
  device TEXT NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (device, key)
);
CREATE INDEX device_tags_by_value ON device_tags (key, value, device);
CREATE TABLE device_firmware_history (
  id %AUTO_KEY%,
  device TEXT NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
  at_ms BIGINT NOT NULL,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  digest TEXT NOT NULL,
  outcome TEXT NOT NULL,
  reason TEXT NOT NULL DEFAULT ''
);
CREATE INDEX firmware_history_by_device ON device_firmware_history (device, id);
CREATE TABLE device_content_history (
  id %AUTO_KEY%,
  device TEXT NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
  content TEXT NOT NULL,
  version TEXT NOT NULL,
  digest TEXT NOT NULL,
  started_ms BIGINT NOT NULL,
  ended_ms BIGINT
);
CREATE INDEX content_history_by_device ON device_content_history (device, id);
CREATE INDEX content_active ON device_content_history (content, device) WHERE ended_ms IS NULL;
)sql";

constexpr std::array<Migration, 1> kSteps{{{3, kNow}}};

}  // namespace

const Vertical kInventorySchema{"inventory", kSteps, kNow};

}  // namespace stratus::db
