#include "stratus/db/devices.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "stratus/base/result.hpp"
#include "stratus/db/device_text.hpp"
#include "stratus/db/filter_sql.hpp"

namespace stratus::db {
namespace {

constexpr std::int64_t kNearRows = 1'000;  // that are looked at before the whole table is

constexpr std::string_view kSelect =
    "SELECT d.id, d.first_seen_ms, d.last_seen_ms, d.name, d.running, d.running_version, d.target, "
    "d.target_version, d.state, d.reason, d.sequence, d.label, d.region, r.code, r.name, d.device_group, "
    "g.code, "
    "g.name, d.kind, d.hardware, d.location, d.latitude, d.longitude, d.time_zone, d.active, d.tags, "
    "d.changed_ms, "
    "d.revision FROM devices d LEFT JOIN regions r ON r.id = d.region "
    "LEFT JOIN device_groups g ON g.id = d.device_group";

InventoryDevice inventory_device_of(const Row& row) {
  InventoryDevice device;
  device.reported = {row.text(0), row.integer(1), row.integer(2), row.text(3), row.text(4),    row.text(5),
                     row.text(6), row.text(7),    row.text(8),    row.text(9), row.integer(10)};
  device.label = row.text(11);
  device.region_id = row.text(12);
  device.region = row.text(13);
  device.region_name = row.text(14);
  device.group_id = row.text(15);
  device.group = row.text(16);
  device.group_name = row.text(17);
  device.kind = row.text(18);
  device.hardware = row.text(19);
  device.location = row.text(20);
  if (!row.is_null(21)) device.latitude = row.real(21);
  if (!row.is_null(22)) device.longitude = row.real(22);
  device.time_zone = row.text(23);
  device.active = row.boolean(24);
  device.tags = decode_tags(row.text(25));
  device.changed_ms = row.integer(26);
  device.revision = row.integer(27);
  return device;
}

std::string_view column_of(DeviceSort sort) {
  switch (sort) {
    case DeviceSort::label:
      return "d.label";
    case DeviceSort::seen:
      return "d.last_seen_ms";
    case DeviceSort::state:
      return "d.state";
    default:
      return "d.id";
  }
}

Result<InventoryDevice> find_revision(Reader& reader, std::string_view id, std::int64_t revision) {
  STRATUS_TRY(device, find_device(reader, id));
  if (revision == 0 || revision == device.revision) return device;
  return fail(ErrorCode::conflict, fmt::format("device {} was changed meanwhile: look at it again", id),
              "precondition_failed");
}

Result<void> set_place(Transaction& transaction, PlaceKind kind, const std::optional<std::string>& key,
                       std::string& id) {
  if (!key) return {};
  if (key->empty()) {
    id.clear();
    return {};
  }
  STRATUS_TRY(place, find_place(transaction, kind, *key));
  id = place.id;
  return {};
}

Value or_null(const std::string& text) { return text.empty() ? Value() : Value(text); }
Value or_null(const std::optional<double>& number) { return number ? Value(*number) : Value(); }

Result<void> write_tags(Transaction& transaction, const InventoryDevice& device) {
  STRATUS_CHECK(transaction.run("DELETE FROM device_tags WHERE device = $1", {device.reported.id}));
  std::vector<Value> values;
  for (const auto& [key, value] : device.tags) {
    values.insert(values.end(), {Value(device.reported.id), Value(key), Value(value)});
  }
  return transaction.bulk_insert("device_tags", {"device", "key", "value"}, values);
}

}  // namespace

Result<bool> ensure_device(Transaction& transaction, std::string_view id, std::int64_t now_ms) {
  STRATUS_TRY(rows, transaction.run("INSERT INTO devices (id, first_seen_ms, last_seen_ms, search) "
                                    "VALUES ($1, $2, $2, $3) ON CONFLICT (id) DO NOTHING",
                                    {id, now_ms, fold(id)}));
  return rows.affected() != 0;
}

Result<void> create_device(Transaction& transaction, std::string_view id, std::int64_t now_ms) {
  STRATUS_TRY(is_new, ensure_device(transaction, id, now_ms));
  if (is_new) return {};
  return fail(ErrorCode::conflict, fmt::format("device {} is there already", id));
}

Result<InventoryDevice> change_device(Transaction& transaction, std::string_view id,
                                      const DeviceChange& change, std::int64_t revision,
                                      std::int64_t now_ms) {
  STRATUS_CHECK(check_change(change));
  STRATUS_TRY(device, find_revision(transaction, id, revision));
  if (change.label) device.label = *change.label;
  STRATUS_CHECK(set_place(transaction, PlaceKind::region, change.region, device.region_id));
  STRATUS_CHECK(set_place(transaction, PlaceKind::group, change.group, device.group_id));
  if (change.kind) device.kind = *change.kind;
  if (change.hardware) device.hardware = *change.hardware;
  if (change.location) device.location = *change.location;
  if (change.latitude) device.latitude = *change.latitude;
  if (change.longitude) device.longitude = *change.longitude;
  if (change.time_zone) device.time_zone = *change.time_zone;
  if (change.active) device.active = *change.active;
  if (change.tags) device.tags = *change.tags;
  STRATUS_CHECK(
      transaction.run("UPDATE devices SET label = $2, region = $3, device_group = $4, kind = $5, hardware = "
                      "$6, location = $7, "
                      "latitude = $8, longitude = $9, time_zone = $10, active = $11, tags = $12, search = "
                      "$13, changed_ms = $14, "
                      "revision = revision + 1 WHERE id = $1",
                      {device.reported.id, device.label, or_null(device.region_id), or_null(device.group_id),
                       device.kind, device.hardware, device.location, or_null(device.latitude),
                       or_null(device.longitude), device.time_zone, std::int64_t{device.active},
                       encode_tags(device.tags), search_text(device), now_ms}));
  if (change.tags) STRATUS_CHECK(write_tags(transaction, device));
  return find_device(transaction, id);
}

Result<void> remove_device(Transaction& transaction, std::string_view id, std::int64_t revision) {
  STRATUS_CHECK(find_revision(transaction, id, revision));
  for (const std::string_view table : {"reports", "samples"}) {
    STRATUS_CHECK(transaction.run(fmt::format("DELETE FROM {} WHERE device = $1", table), {id}));
  }
  STRATUS_CHECK(transaction.run("DELETE FROM devices WHERE id = $1", {id}));
  return {};
}

Result<InventoryDevice> find_device(Reader& reader, std::string_view id) {
  STRATUS_TRY(rows, reader.query(std::string(kSelect) + " WHERE d.id = $1", {id}));
  if (rows.empty()) return fail(ErrorCode::not_found, fmt::format("no device {}", id));
  return inventory_device_of(rows[0]);
}

Result<std::vector<InventoryDevice>> list_devices(Reader& reader, const DeviceQuery& query) {
  Condition condition(reader.engine());
  condition.require(query.filter, query.now_ms);
  const std::string fits = condition.text();
  const std::string_view column = column_of(query.sort);
  const bool by_id = query.sort == DeviceSort::id;
  const std::string_view sign = query.descending ? "<" : ">", order = query.descending ? " DESC" : "";
  std::string beyond;  // the page before
  if (query.after && by_id) {
    beyond = fmt::format("d.id {} {}", sign, condition.bind(query.after->id));
  } else if (query.after) {
    const std::string value = condition.bind(query.after->value), id = condition.bind(query.after->id);
    beyond = fmt::format("({}, d.id) {} ({}, {})", column, sign, value, id);
  }
  if (!beyond.empty()) condition.require(beyond);
  const std::string limit = condition.bind(query.limit);
  const auto order_by = [&](std::string_view plain) {
    const std::string by_column = by_id ? "" : fmt::format("{}{}{}, ", plain, column, order);
    return fmt::format(" ORDER BY {}{}d.id{}", by_column, plain, order);
  };
  // The page's ids first: what has to be sorted is narrow then.
  const auto read = [&](const std::string& ids) {
    return reader.run(fmt::format("{} WHERE d.id IN ({} LIMIT {}){}", kSelect, ids, limit, order_by("")),
                      condition.values());
  };
  Rows rows;
  const bool in_order = by_id && condition.reads_scan();
  if (condition.scans() && !in_order) {
    // Where many pass, the next rows of the order hold a page of them, and reading all to sort them would
    // cost a hundred times as much. Where few pass, this cost little.
    const std::int64_t near = std::max<std::int64_t>(kNearRows, 10 * query.limit);
    STRATUS_TRY(found,
                read(fmt::format("SELECT n.id FROM (SELECT d.id, {} AS place, ({}) AS fits FROM devices "
                                 "d{}{} LIMIT {}) n WHERE n.fits ORDER BY n.place{}, n.id{}",
                                 column, fits, beyond.empty() ? "" : " WHERE " + beyond, order_by(""), near,
                                 order, order)));
    rows = std::move(found);
  }
  if (static_cast<std::int64_t>(rows.size()) < query.limit) {
    const std::string_view plain = condition.scans() && !in_order ? condition.plain() : "";
    std::string from = " FROM devices d" + condition.where();
    // Who may pass is found in a narrow index, and only those are looked up and sorted.
    if (in_order) {
      from = condition.scan();
    } else if (const std::string few = condition.narrowed(); condition.scans() && !few.empty()) {
      const std::string& rest = condition.is_narrow() ? beyond : condition.text();
      from = fmt::format(" FROM devices d WHERE {}{}{}", few, rest.empty() ? "" : " AND ", rest);
    }
    STRATUS_TRY(found, read(fmt::format("SELECT d.id{}{}", from, order_by(plain))));
    rows = std::move(found);
  }
  std::vector<InventoryDevice> found;
  found.reserve(rows.size());
  for (const Row row : rows) found.push_back(inventory_device_of(row));
  return found;
}

DevicePosition position_of(const InventoryDevice& device, DeviceSort sort) {
  switch (sort) {
    case DeviceSort::label:
      return {device.label, device.reported.id};
    case DeviceSort::seen:
      return {device.reported.last_seen_ms, device.reported.id};
    case DeviceSort::state:
      return {device.reported.state, device.reported.id};
    default:
      return {Value(), device.reported.id};
  }
}

Result<std::vector<std::string>> list_device_ids(Reader& reader, const Filter& filter, std::int64_t now_ms,
                                                 std::string_view after, std::int64_t limit) {
  Condition condition(reader.engine());
  condition.require(filter, now_ms);
  condition.require("d.id > " + condition.bind(after));
  const std::string bound = condition.bind(limit);
  STRATUS_TRY(rows,
              reader.run("SELECT d.id FROM devices d" + condition.where() + " ORDER BY d.id LIMIT " + bound,
                         condition.values()));
  std::vector<std::string> ids;
  ids.reserve(rows.size());
  for (const Row row : rows) ids.push_back(row.text(0));
  return ids;
}

Result<std::int64_t> count_devices(Reader& reader, const Filter& filter, std::int64_t now_ms) {
  Condition condition(reader.engine());
  condition.require(filter, now_ms);
  STRATUS_TRY(rows, reader.run("SELECT COUNT(*) FROM devices d" + condition.where(), condition.values()));
  return rows[0].integer(0);
}

Result<std::vector<FacetCount>> count_by(Reader& reader, DeviceFacet facet, const Filter& filter,
                                         std::int64_t now_ms, std::int64_t limit) {
  std::string_view column, table;
  switch (facet) {
    case DeviceFacet::region:
      column = "d.region", table = "regions";
      break;
    case DeviceFacet::group:
      column = "d.device_group", table = "device_groups";
      break;
    case DeviceFacet::state:
      column = "d.state";
      break;
    case DeviceFacet::kind:
      column = "d.kind";
      break;
    case DeviceFacet::hardware:
      column = "d.hardware";
      break;
    case DeviceFacet::version:
      column = "d.running_version";
      break;
  }
  Condition condition(reader.engine());
  condition.require(filter, now_ms);
  // Counted before joining, and the few inactive ones apart: the column's index is enough, and theirs.
  const std::string where = condition.where();
  std::string sql = fmt::format(
      "SELECT c.value, c.devices, COALESCE(i.inactive, 0){0} FROM "
      "(SELECT {1} AS value, COUNT(*) AS devices FROM devices d{2} GROUP BY {1}) c LEFT JOIN "
      "(SELECT {3}{1} AS value, COUNT(*) AS inactive FROM devices d{2}{4} NOT d.active GROUP BY {3}{1}) i "
      "ON COALESCE(i.value, '') = COALESCE(c.value, '')",
      table.empty() ? "" : ", p.code, p.name", column, where, condition.plain(),
      where.empty() ? " WHERE" : " AND");
  if (!table.empty()) sql += fmt::format(" LEFT JOIN {} p ON p.id = c.value", table);
  sql += " ORDER BY c.devices DESC, c.value LIMIT " + condition.bind(limit);
  STRATUS_TRY(rows, reader.run(sql, condition.values()));
  std::vector<FacetCount> counts;
  for (const Row row : rows) {
    counts.push_back(
        {row.text(table.empty() ? 0 : 3), table.empty() ? "" : row.text(4), row.integer(1), row.integer(2)});
  }
  return counts;
}

}  // namespace stratus::db
