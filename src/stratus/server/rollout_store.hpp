// Campaigns as rows of the database and back.
#pragma once

#include <memory>
#include <vector>

#include "stratus/db/rollouts.hpp"
#include "stratus/rollout/campaign.hpp"
#include "stratus/server/delta_queue.hpp"

namespace stratus::server {

// A campaign that lives, with what the database knows it by.
struct LiveRollout {
  std::unique_ptr<rollout::Campaign> campaign;
  std::int64_t revision = 0;                   // stored; 0: not yet
  std::vector<rollout::Exclusion> exclusions;  // of a new one, until they are stored
  std::int64_t held_until_ms = 0;              // nothing starts before, unless …
  std::vector<DeltaJob> awaited;               // … all of these are made earlier
};

// The next revision of it, with the changes.
db::RolloutSave save_of(const LiveRollout& live, const rollout::Changes& changes, std::int64_t now_ms);

// Reads spec, header and every device. Blocks.
Result<LiveRollout> load_rollout(db::Reader& reader, const db::RolloutRow& row);

}  // namespace stratus::server
