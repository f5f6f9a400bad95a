// Measurements in the order in which they come, instead of in an order by device.
#include <array>

#include "stratus/db/migrations.hpp"

namespace stratus::db {
namespace {

// The index is made of pieces, one for each 65,536 rows (measurements.cpp): only the newest one changes, and
// it stays in memory. Under the one index of device_metrics each message of a large fleet changed a page of
// its own.
constexpr std::string_view kTables = R"sql(
CREATE TABLE measurements (
  id %AUTO_KEY%,
  device TEXT NOT NULL,
  kind TEXT NOT NULL,
  time_ms BIGINT NOT NULL,
  received_ms BIGINT NOT NULL,
  body TEXT NOT NULL
);
INSERT INTO measurements (device, kind, time_ms, received_ms, body)
  SELECT device, kind, time_ms, received_ms, body FROM device_metrics ORDER BY received_ms;
CREATE INDEX measurements_by_device ON measurements ((id / 65536), device, time_ms);
DROP TABLE device_metrics;
)sql";

constexpr std::array<Migration, 1> kSteps{{{14, kTables, "device_metrics"}}};

}  // namespace

const Vertical kSeriesSchema{"measurements", kSteps, kTables};

}  // namespace stratus::db
