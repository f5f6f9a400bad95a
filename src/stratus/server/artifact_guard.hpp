// Keeps firmware and content from being removed while a rollout brings it to devices.
#pragma once

#include <string_view>

#include "stratus/db/database.hpp"

namespace stratus::server {

// Inside the transaction that removes it: `conflict` (409, reason needed_by_rollout) naming the rollouts that
// are not over and bring this manifest.
Result<void> check_no_rollout_needs(db::Transaction& transaction, std::string_view what,
                                    std::string_view manifest_digest);

}  // namespace stratus::server
