#include "stratus/db/gateways.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace stratus::db {
namespace {

constexpr std::string_view kSelect =
    "SELECT g.id, g.first_seen_ms, g.last_seen_ms, g.interval_ms, g.address, g.boot, g.boot_received, "
    "g.boot_sent, g.received, g.sent, g.status, (SELECT COUNT(*) FROM device_routes r WHERE r.gateway = g.id "
    "AND r.seen_ms > $1), g.parent FROM gateways g ";

Gateway gateway_of(const Row& row) {
  Gateway out;
  out.id = row.text(0);
  out.first_seen_ms = row.integer(1);
  out.last_seen_ms = row.integer(2);
  out.interval_ms = row.integer(3);
  out.address = row.text(4);
  out.boot = row.text(5);
  out.boot_received = row.integer(6);
  out.boot_sent = row.integer(7);
  out.received = row.integer(8);
  out.sent = row.integer(9);
  out.status = row.text(10);
  out.devices = row.integer(11);
  out.parent = row.text(12);
  return out;
}

// How far a counter got since it was looked at last. One that fell back was begun anew.
std::int64_t progress(std::int64_t now, std::int64_t before, bool same_boot) {
  return same_boot && now >= before ? now - before : now;
}

}  // namespace

Result<void> note_gateway(Transaction& transaction, const Gateway& said) {
  STRATUS_TRY(rows, transaction.run(
                        "SELECT boot, boot_received, boot_sent, received, sent FROM gateways WHERE id = $1",
                        {said.id}));
  if (rows.empty()) {
    STRATUS_CHECK(transaction.run("DELETE FROM gateways WHERE last_seen_ms < $1",
                                  {said.last_seen_ms - kGatewayForgottenMs}));
    STRATUS_TRY(count, transaction.run("SELECT COUNT(*) FROM gateways", {}));
    if (count[0].integer(0) >= kMostGateways)
      return fail(ErrorCode::conflict, "no more gateways can be registered; remove old ones first");
    STRATUS_CHECK(transaction.run(
        "INSERT INTO gateways (id, first_seen_ms, last_seen_ms, interval_ms, address, boot, boot_received, "
        "boot_sent, received, sent, status, parent) VALUES ($1, $2, $2, $3, $4, $5, $6, $7, $6, $7, $8, $9)",
        {said.id, said.last_seen_ms, said.interval_ms, said.address, said.boot, said.boot_received,
         said.boot_sent, said.status, said.parent}));
    return {};
  }
  const Row known = rows[0];
  const bool same = known.text(0) == said.boot;
  const std::int64_t received = known.integer(3) + progress(said.boot_received, known.integer(1), same);
  const std::int64_t sent = known.integer(4) + progress(said.boot_sent, known.integer(2), same);
  STRATUS_CHECK(transaction.run(
      "UPDATE gateways SET last_seen_ms = $2, interval_ms = $3, address = $4, boot = $5, boot_received = $6, "
      "boot_sent = $7, received = $8, sent = $9, status = $10, parent = $11 WHERE id = $1",
      {said.id, said.last_seen_ms, said.interval_ms, said.address, said.boot, said.boot_received,
       said.boot_sent, received, sent, said.status, said.parent}));
  return {};
}

Result<void> note_behind(Transaction& transaction, std::string_view gateway,
                         const std::vector<std::string>& devices, std::int64_t now_ms) {
  constexpr std::size_t kAtOnce = 500;
  for (std::size_t at = 0; at < devices.size(); at += kAtOnce) {
    const std::size_t end = std::min(devices.size(), at + kAtOnce);
    std::vector<Value> values{Value(now_ms)};
    std::string list;
    for (std::size_t i = at; i < end; ++i) {
      values.emplace_back(devices[i]);
      list += fmt::format("{}${}", list.empty() ? "" : ", ", values.size());
    }
    // Nobody becomes a device by being named.
    STRATUS_TRY(known,
                transaction.run(fmt::format("UPDATE devices SET last_seen_ms = $1 WHERE id IN ({}) AND "
                                            "last_seen_ms < $1",
                                            list),
                                values));
    (void)known;
    std::vector<Value> routed{Value(gateway), Value(now_ms)};
    routed.insert(routed.end(), values.begin() + 1, values.end());
    std::string moved;
    for (std::size_t i = 2; i < routed.size(); ++i)
      moved += fmt::format("{}${}", moved.empty() ? "" : ", ", i + 1);
    STRATUS_CHECK(transaction.run(
        fmt::format("INSERT INTO device_routes (device, gateway, seen_ms) SELECT d.id, $1, $2 FROM devices d "
                    "WHERE d.id IN ({}) ON CONFLICT (device) DO UPDATE SET gateway = excluded.gateway, "
                    "seen_ms = excluded.seen_ms",
                    moved),
        routed));
  }
  return {};
}

Result<std::vector<Gateway>> list_gateways(Reader& reader, std::string_view after, std::int64_t limit,
                                           std::int64_t now_ms) {
  STRATUS_TRY(rows, reader.query(std::string(kSelect) + "WHERE g.id > $2 ORDER BY g.id LIMIT $3",
                                 {now_ms - kBehindMs, after, limit}));
  std::vector<Gateway> found;
  for (const Row row : rows) found.push_back(gateway_of(row));
  return found;
}

Result<Gateway> find_gateway(Reader& reader, std::string_view id, std::int64_t now_ms) {
  STRATUS_TRY(rows, reader.query(std::string(kSelect) + "WHERE g.id = $2", {now_ms - kBehindMs, id}));
  if (rows.empty()) return fail(ErrorCode::not_found, fmt::format("no gateway {}", id));
  return gateway_of(rows[0]);
}

Result<void> remove_gateway(Transaction& transaction, std::string_view id) {
  STRATUS_TRY(removed, transaction.run("DELETE FROM gateways WHERE id = $1", {id}));
  if (removed.affected() == 0) return fail(ErrorCode::not_found, fmt::format("no gateway {}", id));
  STRATUS_CHECK(transaction.run("DELETE FROM device_routes WHERE gateway = $1", {id}));
  return {};
}

Result<GatewaySums> sum_gateways(Reader& reader, std::int64_t now_ms) {
  STRATUS_TRY(rows, reader.query("SELECT COUNT(*), COALESCE(SUM(CASE WHEN $1 - last_seen_ms <= $2 * "
                                 "interval_ms THEN 1 ELSE 0 END), 0), COALESCE(SUM(received), 0), "
                                 "COALESCE(SUM(sent), 0) FROM gateways",
                                 {now_ms, kMissedIntervals}));
  const Row row = rows[0];
  return GatewaySums{row.integer(0), row.integer(1), row.integer(2), row.integer(3)};
}

Result<std::vector<DeviceRoute>> load_routes(Reader& reader, std::string_view after, std::int64_t limit) {
  STRATUS_TRY(rows, reader.query("SELECT device, gateway FROM device_routes WHERE device > $1 "
                                 "ORDER BY device LIMIT $2",
                                 {after, limit}));
  std::vector<DeviceRoute> found;
  for (const Row row : rows) found.push_back({row.text(0), row.text(1)});
  return found;
}

}  // namespace stratus::db
