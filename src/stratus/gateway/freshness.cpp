#include "stratus/gateway/freshness.hpp"

namespace stratus::gateway {

bool is_fresh(const NextKnowledge& known, SteadyTime now, Millis ttl) {
  return known.kept && known.target == known.newest && now - known.fetched < ttl;
}

OfflineAnswer offline_answer(const NextKnowledge& known, const Digest& have) {
  if (known.newest.empty()) return OfflineAnswer::unknown;
  if (have == known.newest) return OfflineAnswer::up_to_date;
  if (known.kept && known.target == known.newest) return OfflineAnswer::kept;
  return known.newest_body ? OfflineAnswer::newest_without_deltas : OfflineAnswer::unknown;
}

}  // namespace stratus::gateway
