// When a kept "what is next" still holds, and what to say while the upstream is away. Pure.
#pragma once

#include <cstdint>

#include "stratus/base/clock.hpp"
#include "stratus/base/digest.hpp"

namespace stratus::gateway {

// What the gateway knows about one name and one version that a device runs.
struct NextKnowledge {
  bool kept = false;  // an answer to this very question
  SteadyTime fetched{};
  Digest target;             // of that answer
  Digest newest;             // target of the latest answer for the name, whoever asked; empty: none
  bool newest_body = false;  // its release is at hand
};

// An answer that names another target than a later one for the same name is old, whatever its age.
bool is_fresh(const NextKnowledge& known, SteadyTime now, Millis ttl);

enum class OfflineAnswer : std::uint8_t {
  kept,                   // what was answered last time
  up_to_date,             // the device runs the newest known already
  newest_without_deltas,  // it runs something that nobody has asked about yet
  unknown,
};
// `have`: empty when the device runs nothing.
OfflineAnswer offline_answer(const NextKnowledge& known, const Digest& have);

}  // namespace stratus::gateway
