// Several fleets in one TOML file: a table [[fleet]] for each, with the names of the options of `stratus-sim
// run` (docs/operations/simulator.md). Pure but for toml++.
#pragma once

#include <string_view>
#include <vector>

#include "stratus/base/result.hpp"
#include "stratus/sim/profile.hpp"

namespace stratus::sim {

// What a fleet does not say is as in `otherwise`. `invalid` names the line or the key that makes no sense,
// and two fleets that would share a device.
Result<std::vector<FleetProfile>> parse_fleets(std::string_view text, const FleetProfile& otherwise);

}  // namespace stratus::sim
