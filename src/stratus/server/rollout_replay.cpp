#include "stratus/server/rollout_replay.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "stratus/base/clock.hpp"
#include "stratus/rollout/states.hpp"

namespace stratus::server {

std::string encode_replay(const std::string& rollout, const std::vector<db::RolloutTimes>& devices) {
  constexpr std::int64_t kMostSteps = 1000;  // what a hand on a slider can tell apart
  std::int64_t from = 0, to = 0;
  const auto span = [&](std::int64_t at) {
    if (at <= 0) return;
    from = from == 0 ? at : std::min(from, at);
    to = std::max(to, at);
  };
  const auto ended_of = [](const db::RolloutTimes& device) {
    const auto state = rollout::device_state_named(device.state);
    return state && rollout::is_closed(*state) ? device.changed_ms : 0;
  };
  for (const db::RolloutTimes& device : devices) {
    span(device.started_ms);
    span(ended_of(device));
  }
  const std::int64_t step = std::max<std::int64_t>(1, (to - from + kMostSteps - 1) / kMostSteps);
  const auto step_of = [&](std::int64_t at) { return at <= 0 ? -1 : (at - from + step - 1) / step; };
  std::string begun, ended;
  for (const db::RolloutTimes& device : devices) {
    const std::string_view comma = begun.empty() ? "" : ",";
    begun += fmt::format("{}{}", comma, step_of(device.started_ms));
    ended += fmt::format("{}{}", comma, step_of(ended_of(device)));
  }
  return fmt::format(R"({{"rollout":"{}","from":"{}","step_ms":{},"steps":{},"begun":[{}],"ended":[{}]}})",
                     rollout, format_time_ms(from), step, to > 0 ? step_of(to) : 0, begun, ended);
}

}  // namespace stratus::server
