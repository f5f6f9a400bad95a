#include "stratus/db/fleet_view.hpp"

#include <fmt/format.h>

namespace stratus::db {
namespace {

constexpr std::int64_t kHour = 3'600'000;

std::int64_t hour_of(std::int64_t ms) { return ms - ms % kHour; }

}  // namespace

Result<std::string> health_of(Reader& reader, std::string_view device, std::int64_t now_ms) {
  STRATUS_TRY(rows, reader.query(fmt::format("SELECT {} FROM devices d WHERE d.id = $2", health_sql("$1")),
                                 {now_ms - kOnlineMs, device}));
  if (rows.empty()) return fail(ErrorCode::not_found, fmt::format("no device {}", device));
  return rows[0].text(0);
}

Result<FleetHealth> fleet_health(Reader& reader, std::int64_t now_ms) {
  FleetHealth sum;
  STRATUS_TRY(all, reader.query("SELECT COUNT(*), (SELECT COUNT(*) FROM devices i WHERE NOT i.active) "
                                "FROM devices d"));
  sum.devices = all[0].integer(0);
  sum.inactive = all[0].integer(1);
  STRATUS_TRY(rows, reader.query(fmt::format("SELECT health, compliance, COUNT(*) FROM (SELECT {} AS health, "
                                             "{} AS compliance FROM devices d WHERE d.active) f "
                                             "GROUP BY health, compliance",
                                             health_sql("$1"), compliance_sql()),
                                 {now_ms - kOnlineMs}));
  for (const Row row : rows) {
    const std::string health = row.text(0), compliance = row.text(1);
    const std::int64_t count = row.integer(2);
    (health == "online"     ? sum.online
     : health == "degraded" ? sum.degraded
     : health == "never"    ? sum.never
                            : sum.offline) += count;
    (compliance == "on_target" ? sum.on_target
     : compliance == "failing" ? sum.failing
     : compliance == "behind"  ? sum.behind
                               : sum.none) += count;
  }
  return sum;
}

Result<std::vector<ReleaseCount>> release_spread(Reader& reader, std::int64_t limit) {
  STRATUS_TRY(rows, reader.query("SELECT c.name, c.running, COALESCE(MAX(r.version), c.said), c.devices FROM "
                                 "(SELECT name, running, MAX(running_version) AS said, COUNT(*) AS devices "
                                 "FROM devices WHERE active AND name <> '' GROUP BY name, running) c "
                                 "LEFT JOIN releases r ON r.name = c.name AND r.digest = c.running "
                                 "GROUP BY c.name, c.running, c.said, c.devices "
                                 "ORDER BY c.devices DESC, c.name, c.running LIMIT $1",
                                 {limit}));
  std::vector<ReleaseCount> counts;
  for (const Row row : rows) counts.push_back({row.text(0), row.text(1), row.text(2), row.integer(3)});
  return counts;
}

Result<void> count_update(Transaction& transaction, const UpdateEnd& end) {
  STRATUS_CHECK(transaction.run(
      "INSERT INTO update_totals (hour_ms, name, digest, outcome, updates, bytes) VALUES ($1, $2, $3, $4, 1, "
      "$5) ON CONFLICT (hour_ms, name, digest, outcome) DO UPDATE SET updates = update_totals.updates + 1, "
      "bytes = update_totals.bytes + excluded.bytes",
      {hour_of(end.at_ms), end.name, end.digest, end.outcome, end.bytes}));
  return {};
}

Result<void> prune_totals(Transaction& transaction, std::int64_t now_ms) {
  STRATUS_CHECK(transaction.run("DELETE FROM update_totals WHERE hour_ms < $1", {now_ms - kTotalsKeptMs}));
  return {};
}

Result<std::vector<UpdateTotal>> update_totals(Reader& reader, std::int64_t since_ms) {
  STRATUS_TRY(rows, reader.query("SELECT name, digest, outcome, SUM(updates), SUM(bytes) FROM update_totals "
                                 "WHERE hour_ms >= $1 GROUP BY name, digest, outcome ORDER BY name, digest, "
                                 "outcome LIMIT 100000",
                                 {hour_of(since_ms)}));
  std::vector<UpdateTotal> totals;
  for (const Row row : rows)
    totals.push_back({row.text(0), row.text(1), row.text(2), row.integer(3), row.integer(4)});
  return totals;
}

Result<FleetAlarms> fleet_alarms(Reader& reader, std::int64_t now_ms, std::int64_t expiring_before_ms,
                                 std::int64_t since_ms) {
  FleetAlarms alarms;
  STRATUS_TRY(
      certificates,
      reader.query("SELECT c.device, MAX(c.not_after_ms) FROM certificates c WHERE c.state = 'active' "
                   "AND c.not_after_ms < $1 AND NOT EXISTS (SELECT 1 FROM certificates n WHERE "
                   "n.device = c.device AND n.state = 'active' AND n.not_after_ms >= $1) "
                   "GROUP BY c.device LIMIT 200000",
                   {expiring_before_ms}));
  for (const Row row : certificates)
    ++(row.integer(1) < now_ms ? alarms.certificates_expired : alarms.certificates_expiring);
  STRATUS_TRY(failed, reader.query("SELECT COALESCE(SUM(updates), 0) FROM update_totals WHERE hour_ms >= $1 "
                                   "AND outcome IN ('failed', 'rolled_back')",
                                   {hour_of(since_ms)}));
  alarms.updates_failed = failed[0].integer(0);
  STRATUS_TRY(logs, reader.query("SELECT COUNT(*) FROM (SELECT 1 AS one FROM device_events WHERE "
                                 "received_ms >= $1 AND kind = 'status/error_log' LIMIT $2) e",
                                 {since_ms, kMostErrorLogs}));
  alarms.error_logs = logs[0].integer(0);
  return alarms;
}

}  // namespace stratus::db
