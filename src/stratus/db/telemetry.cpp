#include "stratus/db/telemetry.hpp"

namespace stratus::db {

Result<void> add_events(Transaction& transaction, std::span<const EventRow> rows) {
  std::vector<Value> values;
  values.reserve(rows.size() * 7);
  for (const EventRow& row : rows) {
    values.emplace_back(row.device);
    values.emplace_back(row.kind);
    values.emplace_back(row.time_ms);
    values.emplace_back(row.seq);
    values.emplace_back(row.received_ms);
    values.emplace_back(row.gateway);
    values.emplace_back(row.body);
  }
  const OnConflict keep_first{{"device", "kind", "time_ms", "seq"}, {}};
  return transaction.bulk_insert("device_events",
                                 {"device", "kind", "time_ms", "seq", "received_ms", "gateway", "body"},
                                 values, keep_first);
}

Result<void> put_presence(Transaction& transaction, std::span<const PresenceRow> rows) {
  std::vector<Value> values;
  for (const PresenceRow& row : rows) {
    values.emplace_back(row.device);
    values.emplace_back(std::int64_t{row.online});
    values.emplace_back(row.changed_ms);
    values.emplace_back(row.seen_ms);
    values.emplace_back(row.boot);
    values.emplace_back(row.version);
    values.emplace_back(row.gateway);
  }
  const OnConflict replace{{"device"}, {"online", "changed_ms", "seen_ms", "boot", "version", "gateway"}};
  return transaction.bulk_insert("device_presence",
                                 {"device", "online", "changed_ms", "seen_ms", "boot", "version", "gateway"},
                                 values, replace);
}

Result<void> put_online(Transaction& transaction, std::span<const PresenceRow> rows) {
  std::vector<Value> values;
  for (const PresenceRow& row : rows) {
    values.emplace_back(row.device);
    values.emplace_back(std::int64_t{1});
    values.emplace_back(row.seen_ms);
    values.emplace_back(row.seen_ms);
    values.emplace_back(row.gateway);
  }
  const OnConflict update{{"device"}, {"online", "seen_ms", "gateway"}};
  return transaction.bulk_insert("device_presence", {"device", "online", "changed_ms", "seen_ms", "gateway"},
                                 values, update);
}

// Lists, filters and sorting go by the inventory. A device that was removed there is not made again.
Result<void> note_seen(Transaction& transaction, std::span<const SeenRow> rows) {
  for (const SeenRow& row : rows) {
    STRATUS_TRY(moved,
                transaction.run("UPDATE devices SET last_seen_ms = $2 WHERE id = $1 AND last_seen_ms < $2",
                                {row.device, row.seen_ms}));
    static_cast<void>(moved);
  }
  return {};
}

Result<void> put_progress(Transaction& transaction, std::span<const ProgressRow> rows) {
  std::vector<Value> values;
  for (const ProgressRow& row : rows) {
    values.emplace_back(row.device);
    values.emplace_back(row.received_ms);
    values.emplace_back(row.body);
  }
  const OnConflict replace{{"device"}, {"received_ms", "body"}};
  return transaction.bulk_insert("device_progress", {"device", "received_ms", "body"}, values, replace);
}

Result<void> set_all_offline(Transaction& transaction, std::int64_t now_ms) {
  STRATUS_CHECK(
      transaction.run("UPDATE device_presence SET online = 0, changed_ms = $1 WHERE online = 1", {now_ms}));
  return {};
}

Result<std::vector<EventRow>> list_events(Reader& reader, std::string_view device, std::string_view kind,
                                          std::string_view other, std::int64_t before, std::int64_t limit) {
  STRATUS_TRY(
      rows, reader.query("SELECT id, kind, time_ms, seq, received_ms, gateway, body FROM device_events "
                         "WHERE device = $1 AND ($2 = 0 OR id < $2) AND ($3 = '' OR kind = $3 OR kind = $5) "
                         "ORDER BY id DESC LIMIT $4",
                         {device, before, kind, limit, other}));
  std::vector<EventRow> found;
  for (const Row row : rows) {
    found.push_back({row.integer(0), std::string(device), row.text(1), row.integer(2), row.integer(3),
                     row.integer(4), row.text(5), row.text(6)});
  }
  return found;
}

Result<PresenceRow> find_presence(Reader& reader, std::string_view device) {
  STRATUS_TRY(rows,
              reader.query("SELECT p.online, p.changed_ms, COALESCE((SELECT d.last_seen_ms FROM devices d "
                           "WHERE d.id = p.device AND d.last_seen_ms > p.seen_ms), p.seen_ms), p.boot, "
                           "p.version, p.gateway FROM device_presence p WHERE p.device = $1",
                           {device}));
  if (rows.empty()) return fail(ErrorCode::not_found, "no message from " + std::string(device) + " yet");
  const Row row = rows[0];
  return PresenceRow{std::string(device), row.boolean(0), row.integer(1), row.integer(2),
                     row.text(3),         row.text(4),    row.text(5)};
}

Result<ProgressRow> find_progress(Reader& reader, std::string_view device) {
  STRATUS_TRY(rows,
              reader.query("SELECT received_ms, body FROM device_progress WHERE device = $1", {device}));
  if (rows.empty())
    return fail(ErrorCode::not_found, "no update of " + std::string(device) + " was reported");
  return ProgressRow{std::string(device), rows[0].integer(0), rows[0].text(1)};
}

Result<std::int64_t> prune_events(Transaction& transaction, std::int64_t before_ms, std::int64_t limit) {
  STRATUS_TRY(events,
              transaction.run("DELETE FROM device_events WHERE id IN (SELECT id FROM device_events WHERE "
                              "received_ms < $1 ORDER BY received_ms LIMIT $2)",
                              {before_ms, limit}));
  return events.affected();
}

}  // namespace stratus::db
