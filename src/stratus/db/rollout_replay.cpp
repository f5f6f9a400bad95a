#include "stratus/db/rollout_replay.hpp"

namespace stratus::db {

Result<std::vector<RolloutTimes>> list_rollout_times(Reader& reader, std::string_view rollout) {
  STRATUS_TRY(rows, reader.query("SELECT state, started_ms, changed_ms FROM rollout_devices "
                                 "WHERE rollout = $1 ORDER BY place",
                                 {rollout}));
  std::vector<RolloutTimes> found;
  for (const Row row : rows) found.push_back({row.text(0), row.integer(1), row.integer(2)});
  return found;
}

}  // namespace stratus::db
