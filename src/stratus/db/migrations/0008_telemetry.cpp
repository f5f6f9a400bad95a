// What devices say about themselves: measurements, events, presence, the progress of their updates.
#include <array>

#include "stratus/db/migrations.hpp"

namespace stratus::db {
namespace {

// One row a message, not one a value: ten times fewer rows to write, and a chart reads whole messages anyway.
constexpr std::string_view kTables = R"sql(
CREATE TABLE device_metrics (
  device TEXT NOT NULL,
  time_ms BIGINT NOT NULL,
  kind TEXT NOT NULL,
  received_ms BIGINT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (device, time_ms, kind)
);
CREATE INDEX device_metrics_by_age ON device_metrics (received_ms);
CREATE TABLE device_events (
  id %AUTO_KEY%,
  device TEXT NOT NULL,
  kind TEXT NOT NULL,
  time_ms BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  received_ms BIGINT NOT NULL,
  gateway TEXT NOT NULL DEFAULT '',
  body TEXT NOT NULL
);
CREATE UNIQUE INDEX device_events_once ON device_events (device, kind, time_ms, seq);
CREATE INDEX device_events_by_device ON device_events (device, id);
CREATE INDEX device_events_by_age ON device_events (received_ms);
CREATE TABLE device_presence (
  device TEXT PRIMARY KEY,
  online BIGINT NOT NULL,
  changed_ms BIGINT NOT NULL,
  seen_ms BIGINT NOT NULL,
  boot TEXT NOT NULL DEFAULT '',
  version TEXT NOT NULL DEFAULT '',
  gateway TEXT NOT NULL DEFAULT ''
);
CREATE TABLE device_progress (
  device TEXT PRIMARY KEY,
  received_ms BIGINT NOT NULL,
  body TEXT NOT NULL
);
)sql";

constexpr std::array<Migration, 1> kSteps{{{8, kTables}}};

}  // namespace

const Vertical kTelemetrySchema{"telemetry", kSteps, kTables};

}  // namespace stratus::db
