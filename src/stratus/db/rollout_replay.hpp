// When the devices of a rollout began and ended.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/db/database.hpp"

namespace stratus::db {

struct RolloutTimes {
  std::string state;
  std::int64_t started_ms = 0;  // its last attempt; 0: it had none
  std::int64_t changed_ms = 0;  // when it came to its state
};

// Every device in the order of the plan.
Result<std::vector<RolloutTimes>> list_rollout_times(Reader& reader, std::string_view rollout);

}  // namespace stratus::db
