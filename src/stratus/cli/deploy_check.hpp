// Whether devices would take a version if it became what they are to run (crypto/deploy_verdict.hpp), as a
// command finds it out before it changes anything.
#pragma once

#include <string>
#include <vector>

#include "stratus/base/digest.hpp"
#include "stratus/base/result.hpp"
#include "stratus/cli/image_target.hpp"
#include "stratus/cli/release_list.hpp"
#include "stratus/cli/signature.hpp"
#include "stratus/crypto/deploy_verdict.hpp"

namespace stratus::cli {

// Asks the server, then judges. `releases`: all of the name, as fetch_releases() gives them.
Result<crypto::DeployVerdict> examine_deploy(ImageTarget& target, const std::vector<ReleaseLine>& releases,
                                             const std::string& name, const std::string& version,
                                             const Digest& image);

}  // namespace stratus::cli
