#include "stratus/sim/profile.hpp"

#include <fmt/format.h>

#include "stratus/wire/report.hpp"

namespace stratus::sim {

std::string device_name(const FleetProfile& profile, std::uint32_t index) {
  return fmt::format("{}{:05}", profile.prefix, profile.first + index);
}

Result<void> check_profile(const FleetProfile& profile) {
  constexpr std::uint32_t kMost = 1'000'000;
  if (profile.count == 0 || profile.count > kMost)
    return fail(ErrorCode::invalid, fmt::format("--count: 1 to {}", kMost));
  if (profile.first > kMost) return fail(ErrorCode::invalid, fmt::format("--first: at most {}", kMost));
  if (!wire::is_device_id(device_name(profile, profile.count - 1)))
    return fail(ErrorCode::invalid, "--prefix: '" + profile.prefix + "' makes no device id");
  const struct {
    const char* option;
    double value;
  } chances[] = {{"--loss", profile.loss},
                 {"--cut", profile.cut},
                 {"--power-cut", profile.power_cut},
                 {"--fail-fraction", profile.fail}};
  for (const auto& chance : chances) {
    if (!(chance.value >= 0 && chance.value <= 1))
      return fail(ErrorCode::invalid, fmt::format("{}: a probability from 0 to 1", chance.option));
  }
  if (profile.loss > 0.5) return fail(ErrorCode::invalid, "--loss: more than half is no link");
  return {};
}

}  // namespace stratus::sim
