#include "stratus/db/rollouts.hpp"

#include <tuple>

#include <fmt/format.h>

#include "stratus/db/rollout_sums.hpp"

namespace stratus::db {
namespace {

constexpr std::string_view kRolloutColumns =
    "id, title, state, author, (SELECT spec FROM rollout_specs WHERE rollout = rollouts.id), header, "
    "created_ms, changed_ms, revision";
constexpr std::string_view kDeviceColumns =
    "device, place, wave, state, content, attempt, percent, zone, not_before_ms, started_ms, changed_ms, "
    "sequence, bytes, cause, prior";

RolloutRow rollout_of(const Row& row) {
  return {row.text(0), row.text(1),    row.text(2),    row.text(3),   row.text(4),
          row.text(5), row.integer(6), row.integer(7), row.integer(8)};
}

RolloutDeviceRow rollout_device_of(const Row& row) {
  return {row.text(0),     row.integer(1),  row.integer(2),  row.text(3),    row.integer(4),
          row.integer(5),  row.integer(6),  row.text(7),     row.integer(8), row.integer(9),
          row.integer(10), row.integer(11), row.integer(12), row.text(13),   row.text(14)};
}

template <class T, class Make>
Result<std::vector<T>> list(Reader& reader, std::string_view sql, Values values, Make make) {
  STRATUS_TRY(rows, reader.run(sql, values));
  std::vector<T> found;
  found.reserve(rows.size());
  for (const Row row : rows) found.push_back(make(row));
  return found;
}

template <class T, class Make>
Result<std::vector<T>> list(Reader& reader, std::string_view sql, std::initializer_list<Value> values,
                            Make make) {
  return list<T>(reader, sql, Values(values.begin(), values.size()), make);
}

Result<void> save_header(Transaction& transaction, const RolloutRow& row) {
  if (row.revision == 1) {
    STRATUS_CHECK(transaction.run(
        "INSERT INTO rollouts (id, title, state, author, header, created_ms, changed_ms, revision) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        {row.id, row.title, row.state, row.author, row.header, row.created_ms, row.changed_ms,
         row.revision}));
    return {};
  }
  STRATUS_TRY(done,
              transaction.run("UPDATE rollouts SET title = $2, state = $3, header = $4, changed_ms = $5, "
                              "revision = $6 WHERE id = $1 AND revision = $6 - 1",
                              {row.id, row.title, row.state, row.header, row.changed_ms, row.revision}));
  if (done.affected() == 1) return {};
  return fail(ErrorCode::conflict, "rollout " + row.id + " was changed by another server meanwhile");
}

Result<void> save_spec(Transaction& transaction, const RolloutRow& row) {
  if (row.spec.empty()) return {};
  STRATUS_CHECK(
      transaction.run("INSERT INTO rollout_specs (rollout, spec) VALUES ($1, $2) "
                      "ON CONFLICT (rollout) DO UPDATE SET spec = excluded.spec",
                      {row.id, row.spec}));
  return {};
}

Result<void> save_devices(Transaction& transaction, const RolloutSave& save) {
  if (save.devices.empty()) return {};
  std::vector<Value> values;
  values.reserve(save.devices.size() * 16);
  for (const RolloutDeviceRow& d : save.devices) {
    for (Value value : std::initializer_list<Value>{
             save.rollout.id, d.device, d.place, d.wave, d.state, d.content, d.attempt, d.percent, d.zone,
             d.not_before_ms, d.started_ms, d.changed_ms, d.sequence, d.bytes, d.cause, d.prior})
      values.push_back(std::move(value));
  }
  return transaction.bulk_insert(
      "rollout_devices",
      {"rollout", "device", "place", "wave", "state", "content", "attempt", "percent", "zone",
       "not_before_ms", "started_ms", "changed_ms", "sequence", "bytes", "cause", "prior"},
      values,
      {{"rollout", "device"},
       {"wave", "state", "content", "attempt", "percent", "zone", "not_before_ms", "started_ms", "changed_ms",
        "sequence", "bytes", "cause", "prior"}});
}

Result<void> save_exclusions(Transaction& transaction, const RolloutSave& save) {
  if (save.exclusions.empty()) return {};
  std::vector<Value> values;
  for (const RolloutExclusionRow& one : save.exclusions) {
    for (const std::string& text : {save.rollout.id, one.device, one.reason, one.detail})
      values.emplace_back(text);
  }
  return transaction.bulk_insert("rollout_exclusions", {"rollout", "device", "reason", "detail"}, values,
                                 {{"rollout", "device"}, {"reason", "detail"}});
}

Result<void> save_events(Transaction& transaction, const RolloutSave& save) {
  if (save.events.empty()) return {};
  STRATUS_TRY(last, transaction.run("SELECT COALESCE(MAX(number), 0) FROM rollout_events WHERE rollout = $1",
                                    {save.rollout.id}));
  std::int64_t number = last[0].integer(0);
  for (const RolloutEventRow& event : save.events) {
    STRATUS_CHECK(
        transaction.run("INSERT INTO rollout_events (rollout, number, at_ms, kind, who, detail) VALUES ($1, "
                        "$2, $3, $4, $5, $6)",
                        {save.rollout.id, ++number, event.at_ms, event.kind, event.who, event.detail}));
  }
  STRATUS_CHECK(transaction.run("DELETE FROM rollout_events WHERE rollout = $1 AND number <= $2",
                                {save.rollout.id, number - kRolloutEventsKept}));
  return {};
}

Result<void> release(Transaction& transaction, const RolloutSave& save) {
  for (const std::string& device : save.released) {
    STRATUS_CHECK(transaction.run("DELETE FROM rollout_claims WHERE device = $1 AND rollout = $2",
                                  {device, save.rollout.id}));
  }
  return {};
}

Result<void> claim(Transaction& transaction, const RolloutSave& save) {
  if (save.claimed.empty()) return {};
  std::vector<Value> values;
  for (const std::string& device : save.claimed) {
    values.emplace_back(device);
    values.emplace_back(save.rollout.id);
  }
  return transaction.bulk_insert("rollout_claims", {"device", "rollout"}, values)
      .with_context("another rollout updates one of the devices");
}

Result<void> save_history(Transaction& transaction, const RolloutSave& save) {
  if (save.history.empty()) return {};
  std::vector<Value> values;
  for (const RolloutHistoryRow& h : save.history) {
    for (Value value : std::initializer_list<Value>{
             h.device, h.ended_ms, save.rollout.id, h.content, h.attempt, h.outcome, h.cause, h.name,
             h.version, h.digest, h.prior_version, h.prior_digest, h.started_ms, h.bytes})
      values.push_back(std::move(value));
  }
  STRATUS_CHECK(transaction.bulk_insert(
      "rollout_history",
      {"device", "ended_ms", "rollout", "content", "attempt", "outcome", "cause", "name", "version", "digest",
       "prior_version", "prior_digest", "started_ms", "bytes"},
      values, {{"device", "ended_ms", "rollout", "content", "attempt"}, {"outcome", "cause"}}));
  for (const RolloutHistoryRow& h : save.history) {
    STRATUS_TRY(oldest, transaction.run("SELECT ended_ms FROM rollout_history WHERE device = $1 ORDER BY "
                                        "ended_ms DESC LIMIT 1 OFFSET $2",
                                        {h.device, kRolloutHistoryKept - 1}));
    if (oldest.empty()) continue;
    STRATUS_CHECK(
        forget_attempts(transaction, "device = $1 AND ended_ms < $2", {h.device, oldest[0].integer(0)}));
  }
  return {};
}

Result<void> save_assignments(Transaction& transaction, const RolloutSave& save) {
  if (save.assignments.empty()) return {};
  std::vector<Value> values;
  for (const AssignmentRow& a : save.assignments) {
    for (Value value :
         std::initializer_list<Value>{a.device, a.name, a.version, a.digest, save.rollout.id, a.since_ms})
      values.push_back(std::move(value));
  }
  return transaction.bulk_insert("device_assignments",
                                 {"device", "name", "version", "digest", "rollout", "since_ms"}, values,
                                 {{"device", "name"}, {"version", "digest", "rollout", "since_ms"}});
}

}  // namespace

Result<void> save_rollouts(Transaction& transaction, const std::vector<RolloutSave>& saves) {
  for (const RolloutSave& save : saves) STRATUS_CHECK(release(transaction, save));
  for (const RolloutSave& save : saves) {
    STRATUS_CHECK(save_header(transaction, save.rollout));
    STRATUS_CHECK(save_spec(transaction, save.rollout));
    STRATUS_CHECK(save_devices(transaction, save));
    STRATUS_CHECK(save_exclusions(transaction, save));
    STRATUS_CHECK(save_events(transaction, save));
    STRATUS_CHECK(claim(transaction, save));
    STRATUS_CHECK(save_history(transaction, save));
    STRATUS_CHECK(save_assignments(transaction, save));
  }
  return {};
}

Result<RolloutRow> find_rollout(Reader& reader, std::string_view id) {
  STRATUS_TRY(rows,
              reader.query(fmt::format("SELECT {} FROM rollouts WHERE id = $1", kRolloutColumns), {id}));
  if (rows.empty()) return fail(ErrorCode::not_found, "no rollout " + std::string(id.substr(0, 64)));
  return rollout_of(rows[0]);
}

Result<std::vector<RolloutRow>> list_rollouts(Reader& reader, const std::vector<std::string>& states,
                                              std::string_view before, std::int64_t limit) {
  std::string where = "($1 = '' OR id < $1)";
  std::vector<Value> values{before, limit};
  std::string in;
  for (const std::string& state : states) {
    values.emplace_back(state);
    in += fmt::format("{}${}", in.empty() ? "" : ", ", values.size());
  }
  if (!in.empty()) where += fmt::format(" AND state IN ({})", in);
  return list<RolloutRow>(
      reader,
      fmt::format("SELECT {} FROM rollouts WHERE {} ORDER BY id DESC LIMIT $2", kRolloutColumns, where),
      values, rollout_of);
}

Result<std::vector<RolloutDeviceRow>> load_rollout_devices(Reader& reader, std::string_view rollout,
                                                           std::int64_t after_place, std::int64_t limit) {
  return list<RolloutDeviceRow>(
      reader,
      fmt::format("SELECT {} FROM rollout_devices WHERE rollout = $1 AND place > $2 "
                  "ORDER BY place LIMIT $3",
                  kDeviceColumns),
      {rollout, after_place, limit}, rollout_device_of);
}

Result<std::vector<RolloutDeviceRow>> list_rollout_devices(Reader& reader, std::string_view rollout,
                                                           std::string_view state, std::string_view after,
                                                           std::int64_t limit) {
  if (state.empty()) {
    return list<RolloutDeviceRow>(
        reader,
        fmt::format("SELECT {} FROM rollout_devices WHERE rollout = $1 AND device > $2 "
                    "ORDER BY device LIMIT $3",
                    kDeviceColumns),
        {rollout, after, limit}, rollout_device_of);
  }
  return list<RolloutDeviceRow>(
      reader,
      fmt::format("SELECT {} FROM rollout_devices WHERE rollout = $1 AND state = $4 AND "
                  "device > $2 ORDER BY device LIMIT $3",
                  kDeviceColumns),
      {rollout, after, limit, state}, rollout_device_of);
}

Result<std::vector<RolloutExclusionRow>> list_rollout_exclusions(Reader& reader, std::string_view rollout,
                                                                 std::string_view after, std::int64_t limit) {
  return list<RolloutExclusionRow>(reader,
                                   "SELECT device, reason, detail FROM rollout_exclusions WHERE rollout = $1 "
                                   "AND device > $2 ORDER BY device "
                                   "LIMIT $3",
                                   {rollout, after, limit}, [](const Row& row) {
                                     return RolloutExclusionRow{row.text(0), row.text(1), row.text(2)};
                                   });
}

Result<std::vector<RolloutEventRow>> list_rollout_events(Reader& reader, std::string_view rollout,
                                                         std::int64_t limit) {
  return list<RolloutEventRow>(
      reader,
      "SELECT number, at_ms, kind, who, detail FROM rollout_events WHERE rollout = $1 ORDER BY number DESC "
      "LIMIT $2",
      {rollout, limit}, [](const Row& row) {
        return RolloutEventRow{row.integer(0), row.integer(1), row.text(2), row.text(3), row.text(4)};
      });
}

Result<std::vector<RolloutHistoryRow>> list_rollout_history(Reader& reader, std::string_view device,
                                                            std::int64_t limit) {
  return list<RolloutHistoryRow>(
      reader,
      "SELECT device, rollout, content, attempt, outcome, cause, name, version, digest, prior_version, "
      "prior_digest, "
      "started_ms, ended_ms, bytes FROM rollout_history WHERE device = $1 ORDER BY ended_ms DESC, rollout "
      "DESC, "
      "content DESC LIMIT $2",
      {device, limit}, [](const Row& row) {
        return RolloutHistoryRow{row.text(0),  row.text(1),     row.integer(2),  row.integer(3), row.text(4),
                                 row.text(5),  row.text(6),     row.text(7),     row.text(8),    row.text(9),
                                 row.text(10), row.integer(11), row.integer(12), row.integer(13)};
      });
}

Result<std::vector<AssignmentRow>> load_assignments(Reader& reader, std::string_view after_device,
                                                    std::string_view after_name, std::int64_t limit) {
  return list<AssignmentRow>(reader,
                             "SELECT device, name, version, digest, rollout, since_ms FROM "
                             "device_assignments WHERE (device, name) > ($1, $2) "
                             "ORDER BY device, name LIMIT $3",
                             {after_device, after_name, limit}, [](const Row& row) {
                               return AssignmentRow{row.text(0), row.text(1), row.text(2),
                                                    row.text(3), row.text(4), row.integer(5)};
                             });
}

namespace {

// "rollout = $1 AND state IN ($2, …)"; binds both.
std::string bind_states(std::string_view rollout, const std::vector<std::string>& states,
                        std::vector<Value>& values) {
  values.emplace_back(rollout);
  std::string list;
  for (const std::string& state : states) {
    values.emplace_back(state);
    list += fmt::format("{}${}", list.empty() ? "" : ", ", values.size());
  }
  return fmt::format("r.rollout = $1 AND r.state IN ({})", list);
}

}  // namespace

Result<std::vector<RolloutTile>> list_rollout_tiles(Reader& reader, std::string_view rollout) {
  return list<RolloutTile>(
      reader, "SELECT device, state, percent FROM rollout_devices WHERE rollout = $1 ORDER BY place",
      {rollout}, [](const Row& row) {
        return RolloutTile{row.text(0), row.text(1), row.integer(2)};
      });
}

Result<std::vector<RolloutStretch>> count_rollout_stretches(Reader& reader, std::string_view rollout,
                                                            const std::vector<std::string>& states,
                                                            std::int64_t from_ms, std::int64_t width_ms) {
  std::vector<Value> values;
  const std::string which = bind_states(rollout, states, values);
  values.emplace_back(from_ms);
  values.emplace_back(width_ms);
  STRATUS_TRY(rows,
              reader.run(fmt::format("SELECT (r.changed_ms - ${1}) / ${2} AS stretch, r.state, COUNT(*) "
                                     "FROM rollout_devices r WHERE {0} GROUP BY 1, 2 ORDER BY 1, 2",
                                     which, values.size() - 1, values.size()),
                         values));
  std::vector<RolloutStretch> found;
  for (const Row row : rows) found.push_back({row.integer(0), row.text(1), row.integer(2)});
  return found;
}

Result<std::vector<RolloutFailures>> group_rollout_failures(Reader& reader, std::string_view rollout,
                                                            const std::vector<std::string>& states,
                                                            std::int64_t limit) {
  std::vector<Value> values;
  const std::string which = bind_states(rollout, states, values);
  values.emplace_back(limit * std::int64_t{kFailuresSample});
  // One row for each device that is named.
  STRATUS_TRY(
      rows,
      reader.run(
          fmt::format(
              "SELECT f.state, f.cause, f.content, f.hardware, f.devices, f.first_ms, f.last_ms, f.device "
              "FROM (SELECT r.state AS state, r.cause AS cause, r.content AS content, r.device AS device, "
              "COALESCE(d.hardware, '') AS hardware, COUNT(*) OVER alike AS devices, "
              "MIN(r.changed_ms) OVER alike AS first_ms, MAX(r.changed_ms) OVER alike AS last_ms, "
              "ROW_NUMBER() OVER (alike ORDER BY r.device) AS place "
              "FROM rollout_devices r LEFT JOIN devices d ON d.id = r.device WHERE {} "
              "WINDOW alike AS (PARTITION BY r.state, r.cause, r.content, COALESCE(d.hardware, ''))) f "
              "WHERE f.place <= {} ORDER BY f.devices DESC, f.state, f.cause, f.content, f.hardware, f.place "
              "LIMIT ${}",
              which, kFailuresSample, values.size()),
          values));
  std::vector<RolloutFailures> found;
  for (const Row row : rows) {
    RolloutFailures one{row.text(0),    row.text(1),    row.integer(2), row.text(3),
                        row.integer(4), row.integer(5), row.integer(6), {}};
    const auto key = [](const RolloutFailures& of) {
      return std::tie(of.state, of.cause, of.content, of.hardware);
    };
    if (found.empty() || key(found.back()) != key(one)) {
      if (found.size() == static_cast<std::size_t>(limit)) break;
      found.push_back(std::move(one));
    }
    found.back().sample.push_back(row.text(7));
  }
  return found;
}

}  // namespace stratus::db
