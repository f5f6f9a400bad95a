// What operators look at: sums of updates by hour, gateways, and which gateway a device was heard through.
#include <array>

#include "stratus/db/migrations.hpp"

namespace stratus::db {
namespace {

// A gateway's counters begin anew with each of its starts (`boot`, `boot_*`); `received` and `sent` go on.
constexpr std::string_view kTables = R"sql(
CREATE TABLE update_totals (
  hour_ms BIGINT NOT NULL,
  name TEXT NOT NULL,
  digest TEXT NOT NULL,
  outcome TEXT NOT NULL,
  updates BIGINT NOT NULL,
  bytes BIGINT NOT NULL,
  PRIMARY KEY (hour_ms, name, digest, outcome)
);
CREATE TABLE gateways (
  id TEXT PRIMARY KEY,
  first_seen_ms BIGINT NOT NULL,
  last_seen_ms BIGINT NOT NULL,
  interval_ms BIGINT NOT NULL,
  address TEXT NOT NULL,
  boot TEXT NOT NULL,
  boot_received BIGINT NOT NULL,
  boot_sent BIGINT NOT NULL,
  received BIGINT NOT NULL,
  sent BIGINT NOT NULL,
  status TEXT NOT NULL
);
CREATE TABLE device_routes (
  device TEXT PRIMARY KEY,
  gateway TEXT NOT NULL,
  seen_ms BIGINT NOT NULL
);
CREATE INDEX device_routes_by_gateway ON device_routes (gateway, seen_ms);
CREATE INDEX certificates_by_expiry ON certificates (state, not_after_ms, serial);
)sql";

constexpr std::array<Migration, 1> kSteps{{{9, kTables}}};

}  // namespace

const Vertical kFleetSchema{"fleet", kSteps, kTables};

}  // namespace stratus::db
