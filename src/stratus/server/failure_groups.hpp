// Failures of a rollout, grouped by what people would call one cause: causes that differ only in numbers,
// digests, paths or quoted names are one. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/db/rollouts.hpp"

namespace stratus::server {

struct FailureGroup {
  std::string pattern;  // the cause with "…" in place of what differs
  std::string example;  // the cause as the most devices said it
  std::int64_t content = 0;
  std::int64_t devices = 0;
  std::int64_t first_ms = 0, last_ms = 0;
  std::map<std::string, std::int64_t> states;    // failed, timeout, rolled_back
  std::map<std::string, std::int64_t> hardware;  // "" where nobody has said
  std::vector<std::string> sample;               // at most db::kFailuresSample devices
};

std::string cause_pattern(std::string_view cause);
// Most devices first. `rows`: most first.
std::vector<FailureGroup> group_failures(const std::vector<db::RolloutFailures>& rows);

}  // namespace stratus::server
