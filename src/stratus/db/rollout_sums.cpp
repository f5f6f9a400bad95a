#include "stratus/db/rollout_sums.hpp"

#include <fmt/format.h>

namespace stratus::db {

Result<std::vector<FetchedBytes>> fetched_bytes(Reader& reader, std::string_view rollout) {
  // What came to an end stands in the history; the row of a device counts while something is under way.
  STRATUS_TRY(
      rows, reader.query("SELECT COALESCE(r.gateway, ''), COUNT(*), CAST(SUM(f.bytes) AS BIGINT) FROM ("
                         "SELECT d.device, (CASE WHEN d.state IN ('downloading', 'installing') THEN d.bytes "
                         "ELSE 0 END) + COALESCE((SELECT SUM(h.bytes) FROM rollout_history h WHERE "
                         "h.device = d.device AND h.rollout = d.rollout), 0) AS bytes "
                         "FROM rollout_devices d WHERE d.rollout = $1) f "
                         "LEFT JOIN device_routes r ON r.device = f.device "
                         "GROUP BY COALESCE(r.gateway, '') ORDER BY 1",
                         {rollout}));
  std::vector<FetchedBytes> found;
  for (const Row row : rows) found.push_back({row.text(0), row.integer(1), row.integer(2)});
  return found;
}

Result<void> check_not_brought(Transaction& transaction, std::string_view what,
                               std::string_view manifest_digest) {
  constexpr std::int64_t kNamed = 5;
  // A digest is too long to stand in a title by chance, and a title that holds one only refuses too much.
  // What devices go back to is brought as well.
  STRATUS_TRY(rows, transaction.run("SELECT id, title FROM rollouts WHERE (state IN ('draft', 'approval', "
                                    "'scheduled', 'running', 'paused', 'aborting') AND EXISTS (SELECT 1 FROM "
                                    "rollout_specs WHERE rollout = rollouts.id AND spec LIKE $1)) OR "
                                    "(state = 'aborting' AND EXISTS (SELECT 1 FROM rollout_devices WHERE "
                                    "rollout = rollouts.id AND state = 'returning' AND prior LIKE $1)) "
                                    "ORDER BY id DESC LIMIT $2",
                                    {"%" + std::string(manifest_digest) + "%", kNamed}));
  if (rows.empty()) return {};
  std::string names;
  for (const Row row : rows) {
    names += names.empty() ? "" : ", ";
    names += row.text(1).empty() ? row.text(0) : fmt::format("{} ({})", row.text(0), row.text(1));
  }
  return fail(ErrorCode::conflict,
              fmt::format("{} is being brought to devices by rollout {}; abort it first", what, names),
              "needed_by_rollout");
}

}  // namespace stratus::db
