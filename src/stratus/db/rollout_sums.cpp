#include "stratus/db/rollout_sums.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

namespace stratus::db {

Result<std::vector<FetchedBytes>> fetched_bytes(Reader& reader, std::string_view rollout) {
  // What came to an end stands in the history or, once that is pruned, in the device's row, which counts
  // itself while something is under way.
  STRATUS_TRY(rows,
              reader.query(
                  "SELECT COALESCE(r.gateway, ''), COUNT(*), CAST(SUM(f.bytes) AS BIGINT) FROM ("
                  "SELECT d.device, (CASE WHEN d.state IN ('downloading', 'installing') THEN d.bytes "
                  "ELSE 0 END) + d.pruned_bytes + COALESCE((SELECT SUM(h.bytes) FROM rollout_history h WHERE "
                  "h.device = d.device AND h.rollout = d.rollout), 0) AS bytes "
                  "FROM rollout_devices d WHERE d.rollout = $1) f "
                  "LEFT JOIN device_routes r ON r.device = f.device "
                  "GROUP BY COALESCE(r.gateway, '') ORDER BY 1",
                  {rollout}));
  std::vector<FetchedBytes> found;
  for (const Row row : rows) found.push_back({row.text(0), row.integer(1), row.integer(2)});
  return found;
}

Result<std::int64_t> usual_update_ms(Reader& reader) {
  STRATUS_TRY(rows,
              reader.query("SELECT ended_ms - started_ms FROM rollout_history WHERE outcome = 'success' "
                           "AND started_ms > 0 ORDER BY ended_ms DESC LIMIT 200",
                           {}));
  std::vector<std::int64_t> took;
  for (const Row row : rows) took.push_back(row.integer(0));
  if (took.empty()) return 0;
  const auto middle = took.begin() + static_cast<std::ptrdiff_t>(took.size() / 2);
  std::nth_element(took.begin(), middle, took.end());
  return *middle;
}

Result<std::int64_t> forget_attempts(Transaction& transaction, std::string_view which,
                                     std::initializer_list<Value> values) {
  // Only who removed a line counts it: another server may be removing the same ones.
  STRATUS_TRY(rows, transaction.run(
                        fmt::format("DELETE FROM rollout_history WHERE (device, ended_ms, rollout, content, "
                                    "attempt) IN (SELECT device, ended_ms, rollout, content, attempt FROM "
                                    "rollout_history WHERE {}) RETURNING device, rollout, bytes",
                                    which),
                        values));
  std::map<std::pair<std::string, std::string>, std::int64_t> gone;  // in one order, so that servers can wait
  for (const Row row : rows) gone[{std::string(row.text(0)), std::string(row.text(1))}] += row.integer(2);
  for (const auto& [line, bytes] : gone) {
    STRATUS_CHECK(transaction.run(
        "UPDATE rollout_devices SET pruned_bytes = pruned_bytes + $3 WHERE device = $1 AND rollout = $2",
        {line.first, line.second, bytes}));
  }
  return static_cast<std::int64_t>(rows.size());
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
