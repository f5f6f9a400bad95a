// What the releases say about a plan's bytes: sizes of layers and of the deltas that exist now. Blocks.
#pragma once

#include "stratus/rollout/estimate.hpp"
#include "stratus/store/repository_store.hpp"

namespace stratus::server {

Result<rollout::Estimate> read_costs(const store::RepositoryStore& repositories, const rollout::Spec& spec,
                                     const rollout::Plan& plan,
                                     const std::vector<rollout::Candidate>& candidates,
                                     std::int64_t usual_ms = 0);

}  // namespace stratus::server
