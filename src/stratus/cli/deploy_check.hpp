// Whether devices would take a version if it became what they are to run: found out before it does. Advice
// only: what is read here are the server's claims, devices check signatures themselves.
#pragma once

#include <string>
#include <vector>

#include "stratus/base/digest.hpp"
#include "stratus/base/result.hpp"
#include "stratus/cli/image_target.hpp"
#include "stratus/cli/release_list.hpp"
#include "stratus/cli/signature.hpp"

namespace stratus::cli {

struct DeployFacts {
  std::string name, version;
  std::vector<SignedAs> signatures;  // of its image, as whatever version
  std::string target_version;        // what devices are to run now; empty: nothing
  std::vector<SignedAs> target_signatures;
};

struct DeployVerdict {
  bool is_signed = false;  // as this version
  std::string key_id;      // then: who signed it
  std::string problem;     // why devices would refuse it, and what to do; empty: nothing is known
  bool waivable = false;   // the problem is a missing signature, which --unsigned accepts
};
// An unsigned version is a problem once devices run a signed one. Before, it is a trial.
DeployVerdict judge(const DeployFacts& facts);

// Asks the server, then judges. `releases`: all of the name, as fetch_releases() gives them.
Result<DeployVerdict> examine_deploy(ImageTarget& target, const std::vector<ReleaseLine>& releases,
                                     const std::string& name, const std::string& version,
                                     const Digest& image);

}  // namespace stratus::cli
