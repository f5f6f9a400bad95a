// Enrolling many devices by registration codes: over a few connections that are kept, one key and one request
// a device. Runs on the loop.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "stratus/net/task.hpp"
#include "stratus/sim/identities.hpp"
#include "stratus/sim/profile.hpp"

namespace stratus::sim {

struct EnrolOptions {
  std::string server;             // URL
  std::filesystem::path ca_file;  // what vouches for it; empty: the system's roots
  std::vector<std::string> codes;
  std::string token;  // of somebody who may make codes; used when `codes` run out
  unsigned connections = 8;
};

// Enrols those of the fleet that have no certificate in `identities`; answers how many. `progress` is called
// now and then with how many are done. `denied` when codes are missing and there is no token.
net::Task<Result<std::uint32_t>> enrol_fleet(const FleetProfile& profile, const Identities& identities,
                                             EnrolOptions options,
                                             std::function<void(std::uint32_t, std::uint32_t)> progress);

}  // namespace stratus::sim
