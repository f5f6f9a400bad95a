// `stratus rollout …`: bring a version to many devices, wave by wave, and follow it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "stratus/cli/common.hpp"

namespace stratus::cli {

// What `create` and `plan` are given, beside or instead of a file with the whole JSON.
struct RolloutOptions {
  std::vector<std::string> contents;  // NAME:VERSION, in their order
  std::string file;                   // JSON; "-": standard input. Options below replace what it says
  std::string title;
  bool all = false;
  std::vector<std::string> devices, groups, regions;
  std::string filter;
  // "5%", "100", "group:lab", each with ",soak=1h,failure=5,success=95" where wanted
  std::vector<std::string> waves;
  std::string start_at, expires;  // RFC 3339; a duration like 3d
  std::string window;             // "22:00-04:00" or "sat,sun 22:00-04:00"
  unsigned rate = 0, in_flight = 0, retries = 0;
  std::string attempt_timeout, retry_delay;  // durations
  bool approval = false, draft = false, watch = false;
  bool accept_unsigned = false;  // although devices run a signed version and will refuse it
  std::string joining;
};

// The JSON body of POST /api/v1/rollouts. `invalid` says which option is wrong. Pure apart from reading
// `file`.
Result<std::string> rollout_body(const RolloutOptions& options);
// "90s", "15m", "2h", "3d", "500ms" in milliseconds.
Result<std::int64_t> parse_duration(std::string_view text);

Result<std::string> create_rollout(const RolloutOptions& options, const CommonOptions& common);  // its id
Result<void> plan_rollout(const RolloutOptions& options, const CommonOptions& common);
Result<void> list_rollouts(const std::string& state, const CommonOptions& common);
Result<void> show_rollout(const std::string& id, bool with_devices, const CommonOptions& common);

struct RolloutOrderOptions {
  std::string id;
  std::string order;  // "pause", "resume", …: the last part of the route
  std::string reason;
  std::vector<std::string> devices;
  bool give_back = false;
  std::string expires_at;
};
Result<void> order_rollout(const RolloutOrderOptions& options, const CommonOptions& common);

enum class WatchUntil : std::uint8_t { done, started, paused };
// Prints every change until the rollout is where it is wanted, over, or paused by its gate. Answers the exit
// status: 0 everything succeeded, 5 paused by a gate or rejected, 6 some devices did not succeed. `timeout`
// after `longest` (zero: none).
Result<int> watch_rollout(const std::string& id, WatchUntil until, std::chrono::milliseconds longest,
                          const CommonOptions& common);

Result<void> device_history(const std::string& device, const CommonOptions& common);

}  // namespace stratus::cli
