#include "stratus/db/saved_views.hpp"

#include <fmt/format.h>

namespace stratus::db {

Result<std::vector<SavedView>> saved_views(Reader& reader, std::string_view owner) {
  STRATUS_TRY(rows, reader.query("SELECT page, name, query, changed_ms FROM saved_views WHERE owner = $1 "
                                 "ORDER BY page, name LIMIT $2",
                                 {owner, kMostViews}));
  std::vector<SavedView> found;
  for (const Row row : rows) found.push_back({row.text(0), row.text(1), row.text(2), row.integer(3)});
  return found;
}

Result<void> put_view(Transaction& transaction, std::string_view owner, const SavedView& view) {
  STRATUS_CHECK(transaction.run(
      "INSERT INTO saved_views (owner, page, name, query, changed_ms) VALUES ($1, $2, $3, $4, $5) "
      "ON CONFLICT (owner, page, name) DO UPDATE SET query = excluded.query, changed_ms = "
      "excluded.changed_ms",
      {owner, view.page, view.name, view.query, view.changed_ms}));
  STRATUS_TRY(count, transaction.run("SELECT COUNT(*) FROM saved_views WHERE owner = $1", {owner}));
  if (count[0].integer(0) <= kMostViews) return {};
  return fail(ErrorCode::conflict, fmt::format("{} views are saved; remove some first", kMostViews),
              "too_many");
}

Result<void> remove_view(Transaction& transaction, std::string_view owner, std::string_view page,
                         std::string_view name) {
  STRATUS_TRY(removed, transaction.run("DELETE FROM saved_views WHERE owner = $1 AND page = $2 AND name = $3",
                                       {owner, page, name}));
  if (removed.affected() == 0) return fail(ErrorCode::not_found, fmt::format("no saved view {}", name));
  return {};
}

Result<void> forget_views(Transaction& transaction, std::string_view owner) {
  STRATUS_CHECK(transaction.run("DELETE FROM saved_views WHERE owner = $1", {owner}));
  return {};
}

}  // namespace stratus::db
