// What a fleet of simulated devices is like: how many, whose, behind what kind of link, how unlucky. A value.
#pragma once

#include <cstdint>
#include <string>

#include "stratus/base/clock.hpp"
#include "stratus/base/result.hpp"

namespace stratus::sim {

// How a device fails that was chosen to: the new version is not well and the old one comes back, or it cannot
// be installed at all.
enum class FailHow : std::uint8_t { rolled_back, failed };

struct FleetProfile {
  std::string prefix = "sim-";
  std::uint32_t count = 10;
  std::uint32_t first = 1;  // number of the first device
  std::string region;       // of codes that are made for it; "" is unassigned
  std::string group;
  std::string image = "app";  // the name that it asks about; requests may name others

  std::uint64_t chunk = 0;      // bytes of one Range request; 0: by the measured speed, as the agent does
  Millis sleep{0};              // between two chunks
  std::uint64_t bandwidth = 0;  // bytes per second and device; 0: no limit
  Millis latency{0};            // one way: a request takes twice that longer, a message once
  double loss = 0;              // of packets of 1,448 bytes; each costs a round trip of waiting
  double cut = 0;               // that the connection breaks within a chunk
  double power_cut = 0;         // that power is lost once in an update
  double fail = 0;              // that an update fails on purpose
  FailHow fail_how = FailHow::rolled_back;
  std::string fail_version;         // only updates to this one; "": all
  Millis off_time{1'000};           // without power
  Millis install{0};                // unpacking and switching
  Millis probation{0};              // of the new version
  Millis metrics_interval{60'000};  // 0: none
  Millis progress_interval{1'000};
  Millis poll{0};       // asks by itself so often; 0: only when called, and after each connection
  bool deltas = false;  // takes deltas from what it runs, checked by their own digest only
  std::uint64_t seed = 1;
};

// "sim-00042"
std::string device_name(const FleetProfile& profile, std::uint32_t index);
// `invalid` with the option that makes no sense.
Result<void> check_profile(const FleetProfile& profile);

}  // namespace stratus::sim
