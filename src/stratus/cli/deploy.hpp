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
                                   const std::string& version, bool accept_unsigned, Progress& progress);

struct DeployOptions {
  std::string reference;           // NAME:VERSION
  std::filesystem::path sign_key;  // signs it, anew if it was signed before what devices run; empty: as it is
  bool accept_unsigned = false;    // although devices run a signed version and will refuse it
};
// An image that came by another client (`podman push`) is registered first. `conflict` when devices would
// refuse it (deploy_check.hpp): then nothing has changed.
Result<void> deploy(const DeployOptions& options, const CommonOptions& common);

// Only signs it: for a rollout, or a deployment from elsewhere. Registers and renews as deploy() does. Takes
// "firmware/NAME:VERSION" and "content:ID" too (artifact_signature.hpp).
Result<void> sign(const std::string& reference, const std::filesystem::path& sign_key,
                  const CommonOptions& common);

}  // namespace stratus::cli
