// Keeps what a rollout brings to devices from being removed: whoever comes first, the removal or the rollout,
// the other one is refused. Both look and lock inside their own transaction, so this holds among several
// servers too. The removal's part is db::check_not_brought.
#pragma once

#include "stratus/db/database.hpp"
#include "stratus/rollout/campaign.hpp"

namespace stratus::server {

// Inside the transaction that stores a rollout, or lets it run: locks the row of what it brings. `conflict`
// (reason release_removed) when that is gone, or something else by now.
Result<void> hold_content(db::Transaction& transaction, const rollout::Content& content);

// What an abort that gives back sends devices to, each once, as far as it is known. Those for which `stays`
// holds remain as they are.
std::vector<rollout::Content> given_back(const rollout::Campaign& campaign,
                                         const rollout::Campaign::IsBusy& stays);

}  // namespace stratus::server
