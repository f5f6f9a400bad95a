// Regions and groups: two tables of one shape.
#include <fmt/format.h>

#include "stratus/base/result.hpp"
#include "stratus/db/inventory.hpp"

namespace stratus::db {
namespace {

struct Tables {
  std::string_view table;
  std::string_view column;  // of devices
};

Tables tables_of(PlaceKind kind) {
  return kind == PlaceKind::region ? Tables{"regions", "region"} : Tables{"device_groups", "device_group"};
}

// Counted from indexes alone.
std::string select(PlaceKind kind) {
  const auto [table, column] = tables_of(kind);
  return fmt::format(
      "SELECT p.id, p.code, p.name, p.tags, p.created_ms, p.changed_ms, p.revision, "
      "(SELECT COUNT(*) FROM devices d WHERE d.{1} = p.id), "
      "(SELECT COUNT(*) FROM devices d WHERE d.{1} = p.id AND NOT d.active) FROM {0} p",
      table, column);
}

Place place_of(const Row& row) {
  return {row.text(0),    row.text(1),    row.text(2),    decode_tags(row.text(3)),
          row.integer(4), row.integer(5), row.integer(6), row.integer(7),
          row.integer(8)};
}

Result<void> check_code(std::string_view code) {
  if (is_code(code)) return {};
  return fail(ErrorCode::invalid, "code: 1 to 32 of a-z 0-9 -");
}

// A broken unique key, in words.
Result<void> name_conflict(Result<Rows> result, PlaceKind kind, std::string_view code) {
  if (result) return {};
  if (result.error().code() != ErrorCode::conflict) return forward_error(std::move(result));
  return fail(ErrorCode::conflict,
              fmt::format("a {} with the code {} is there already", word_for(kind), code));
}

Result<void> check_revision(const Place& place, PlaceKind kind, std::int64_t revision) {
  if (revision == 0 || revision == place.revision) return {};
  return fail(ErrorCode::conflict,
              fmt::format("{} {} was changed meanwhile: look at it again", word_for(kind), place.code),
              "precondition_failed");
}

}  // namespace

std::string_view word_for(PlaceKind kind) { return kind == PlaceKind::region ? "region" : "group"; }

Result<void> create_place(Transaction& transaction, PlaceKind kind, const Place& place) {
  STRATUS_CHECK(check_code(place.code));
  STRATUS_CHECK(check_name("name", place.name, false));
  STRATUS_CHECK(check_tags(place.tags));
  return name_conflict(
      transaction.run(fmt::format("INSERT INTO {} (id, code, name, tags, created_ms, changed_ms) "
                                  "VALUES ($1, $2, $3, $4, $5, $5)",
                                  tables_of(kind).table),
                      {place.id, place.code, place.name, encode_tags(place.tags), place.created_ms}),
      kind, place.code);
}

Result<Place> change_place(Transaction& transaction, PlaceKind kind, std::string_view key,
                           const PlaceChange& change, std::int64_t revision, std::int64_t now_ms) {
  STRATUS_TRY(place, find_place(transaction, kind, key));
  STRATUS_CHECK(check_revision(place, kind, revision));
  if (change.code) place.code = *change.code;
  if (change.name) place.name = *change.name;
  if (change.tags) place.tags = *change.tags;
  place.changed_ms = now_ms;
  ++place.revision;
  STRATUS_CHECK(check_code(place.code));
  STRATUS_CHECK(check_name("name", place.name, false));
  STRATUS_CHECK(check_tags(place.tags));
  STRATUS_CHECK(name_conflict(
      transaction.run(
          fmt::format("UPDATE {} SET code = $2, name = $3, tags = $4, changed_ms = $5, revision = $6 "
                      "WHERE id = $1",
                      tables_of(kind).table),
          {place.id, place.code, place.name, encode_tags(place.tags), place.changed_ms, place.revision}),
      kind, place.code));
  return place;
}

Result<void> remove_place(Transaction& transaction, PlaceKind kind, std::string_view key,
                          std::int64_t revision) {
  STRATUS_TRY(place, find_place(transaction, kind, key));
  STRATUS_CHECK(check_revision(place, kind, revision));
  if (place.devices > 0) {
    return fail(ErrorCode::conflict, fmt::format("{} devices belong to {} {}: move them first", place.devices,
                                                 word_for(kind), place.code));
  }
  STRATUS_CHECK(
      transaction.run(fmt::format("DELETE FROM {} WHERE id = $1", tables_of(kind).table), {place.id}));
  return {};
}

Result<Place> find_place(Reader& reader, PlaceKind kind, std::string_view key) {
  STRATUS_TRY(rows, reader.query(select(kind) + " WHERE p.id = $1 OR p.code = $1", {key}));
  if (rows.empty()) return fail(ErrorCode::not_found, fmt::format("no {} {}", word_for(kind), key));
  return place_of(rows[0]);
}

Result<std::vector<Place>> list_places(Reader& reader, PlaceKind kind, std::string_view after,
                                       std::int64_t limit) {
  STRATUS_TRY(rows,
              reader.query(select(kind) + " WHERE p.code > $1 ORDER BY p.code LIMIT $2", {after, limit}));
  std::vector<Place> found;
  for (const Row row : rows) found.push_back(place_of(row));
  return found;
}

}  // namespace stratus::db
