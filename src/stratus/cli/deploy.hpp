// `stratus deploy NAME:VERSION`: makes it what devices of that name run. The server first makes the deltas
// from what the fleet runs, then changes the target.
#pragma once

#include <filesystem>
#include <string>

#include "stratus/cli/common.hpp"
#include "stratus/cli/progress.hpp"

namespace stratus::cli {

// Waits until the server is done; answers its words about it.
Result<std::string> deploy_version(const CommonOptions& common, const std::string& name,
                                   const std::string& version, Progress& progress);

// An image that came by another client (`podman push`) is registered first; `sign_key`, when not empty, signs
// it.
Result<void> deploy(const std::string& reference, const std::filesystem::path& sign_key,
                    const CommonOptions& common);

}  // namespace stratus::cli
