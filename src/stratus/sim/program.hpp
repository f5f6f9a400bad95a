// What the program stratus-sim does, with its options as values.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "stratus/sim/enrolment.hpp"
#include "stratus/sim/fleet.hpp"

namespace stratus::sim {

struct Program {
  std::vector<FleetProfile> fleets;
  std::filesystem::path fleets_file;  // more of them, each as `fleets.front()` where it says nothing
  RunOptions run;
  std::filesystem::path codes_file;  // registration codes, one a line
  std::filesystem::path token_file;  // of somebody who may make codes
  unsigned enrol_connections = 8;
  unsigned workers = 0;  // processes; 0: as many as descriptors ask for
  std::string report;    // file for the final report in JSON; "-": stdout, "": none
  bool live = false;     // a line on stderr each second
};

// Makes those certificates that are missing.
Result<void> enrol(Program program);
// Enrols what is missing when it can, runs the fleets, reports. `timeout` when the goal was not reached in
// time; `cancelled` when all were stopped by a signal before; `conflict` when an update did not succeed.
Result<void> run(Program program);

}  // namespace stratus::sim
