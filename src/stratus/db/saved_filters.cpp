#include <fmt/format.h>

#include "stratus/base/result.hpp"
#include "stratus/db/filter.hpp"
#include "stratus/db/inventory.hpp"

namespace stratus::db {
namespace {

constexpr std::string_view kSelect =
    "SELECT id, code, name, filter, created_ms, changed_ms, revision FROM saved_filters";

SavedFilter filter_of(const Row& row) {
  return {row.text(0), row.text(1), row.text(2), row.text(3), row.integer(4), row.integer(5), row.integer(6)};
}

Result<void> check(const SavedFilter& filter) {
  if (!is_code(filter.code)) return fail(ErrorCode::invalid, "code: 1 to 32 of a-z 0-9 -");
  STRATUS_CHECK(check_name("name", filter.name, false));
  STRATUS_CHECK(parse_filter(filter.filter));
  return {};
}

Result<void> name_conflict(Result<Rows> result, std::string_view code) {
  if (result) return {};
  if (result.error().code() != ErrorCode::conflict) return forward_error(std::move(result));
  return fail(ErrorCode::conflict, fmt::format("a filter with the code {} is there already", code));
}

Result<SavedFilter> find_revision(Reader& reader, std::string_view key, std::int64_t revision) {
  STRATUS_TRY(found, find_filter(reader, key));
  if (revision == 0 || revision == found.revision) return found;
  return fail(ErrorCode::conflict,
              fmt::format("filter {} was changed meanwhile: look at it again", found.code),
              "precondition_failed");
}

}  // namespace

Result<void> create_filter(Transaction& transaction, const SavedFilter& filter) {
  STRATUS_CHECK(check(filter));
  return name_conflict(
      transaction.run("INSERT INTO saved_filters (id, code, name, filter, created_ms, changed_ms) "
                      "VALUES ($1, $2, $3, $4, $5, $5)",
                      {filter.id, filter.code, filter.name, filter.filter, filter.created_ms}),
      filter.code);
}

Result<SavedFilter> change_filter(Transaction& transaction, std::string_view key, const SavedFilter& now,
                                  std::int64_t revision) {
  STRATUS_CHECK(check(now));
  STRATUS_TRY(filter, find_revision(transaction, key, revision));
  filter.code = now.code;
  filter.name = now.name;
  filter.filter = now.filter;
  filter.changed_ms = now.changed_ms;
  ++filter.revision;
  STRATUS_CHECK(name_conflict(
      transaction.run(
          "UPDATE saved_filters SET code = $2, name = $3, filter = $4, changed_ms = $5, revision = $6 "
          "WHERE id = $1",
          {filter.id, filter.code, filter.name, filter.filter, filter.changed_ms, filter.revision}),
      filter.code));
  return filter;
}

Result<void> remove_filter(Transaction& transaction, std::string_view key, std::int64_t revision) {
  STRATUS_TRY(filter, find_revision(transaction, key, revision));
  STRATUS_CHECK(transaction.run("DELETE FROM saved_filters WHERE id = $1", {filter.id}));
  return {};
}

Result<SavedFilter> find_filter(Reader& reader, std::string_view key) {
  STRATUS_TRY(rows, reader.query(std::string(kSelect) + " WHERE id = $1 OR code = $1", {key}));
  if (rows.empty()) return fail(ErrorCode::not_found, fmt::format("no filter {}", key));
  return filter_of(rows[0]);
}

Result<std::vector<SavedFilter>> list_filters(Reader& reader, std::string_view after, std::int64_t limit) {
  STRATUS_TRY(rows,
              reader.query(std::string(kSelect) + " WHERE code > $1 ORDER BY code LIMIT $2", {after, limit}));
  std::vector<SavedFilter> found;
  for (const Row row : rows) found.push_back(filter_of(row));
  return found;
}

}  // namespace stratus::db
