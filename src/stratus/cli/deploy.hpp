// `stratus deploy NAME:VERSION`: makes it what devices of that name run. The server first makes the deltas
// from what the fleet runs, then changes the target.
#pragma once

#include <string>

#include "stratus/cli/common.hpp"
#include "stratus/cli/progress.hpp"

namespace stratus::cli {

// Waits until the server is done; answers its words about it.
Result<std::string> deploy_version(const CommonOptions& common, const std::string& name,
                                   const std::string& version, Progress& progress);

Result<void> deploy(const std::string& reference, const CommonOptions& common);

}  // namespace stratus::cli
