// A rollout as it went: when each device began and ended, for who looks back at it. Pure.
#pragma once

#include <string>
#include <vector>

#include "stratus/db/rollout_replay.hpp"

namespace stratus::server {

// {"rollout","from","step_ms","steps","begun":[…],"ended":[…]}: in which of at most 1,000 stretches of time
// each device began its last attempt and came to its end, in the order of the tiles; -1 for what has not
// happened.
std::string encode_replay(const std::string& rollout, const std::vector<db::RolloutTimes>& devices);

}  // namespace stratus::server
