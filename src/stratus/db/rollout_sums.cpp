#include "stratus/db/rollout_sums.hpp"

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

Result<std::vector<OpenRollout>> rollouts_bringing(Reader& reader, std::string_view manifest_digest,
                                                   std::int64_t limit) {
  // A digest is too long to stand in a title by chance, and a title that holds one only refuses too much.
  STRATUS_TRY(rows, reader.query("SELECT id, title FROM rollouts WHERE state IN ('draft', 'approval', "
                                 "'scheduled', 'running', 'paused', 'aborting') AND spec LIKE $1 "
                                 "ORDER BY id DESC LIMIT $2",
                                 {"%" + std::string(manifest_digest) + "%", limit}));
  std::vector<OpenRollout> found;
  for (const Row row : rows) found.push_back({row.text(0), row.text(1)});
  return found;
}

}  // namespace stratus::db
