#include "stratus/cli/deploy_check.hpp"

#include <algorithm>

namespace stratus::cli {

Result<crypto::DeployVerdict> examine_deploy(ImageTarget& target, const std::vector<ReleaseLine>& releases,
                                             const std::string& name, const std::string& version,
                                             const Digest& image) {
  crypto::DeployFacts facts;
  facts.name = name;
  facts.version = version;
  STRATUS_TRY(signatures, claimed_signatures(target, name, image));
  facts.signatures = std::move(signatures);
  const auto line =
      std::find_if(releases.begin(), releases.end(), [](const ReleaseLine& one) { return one.is_target; });
  if (line != releases.end()) {
    facts.target_version = line->version;
    STRATUS_TRY(before, claimed_signatures(target, name, line->digest));
    facts.target_signatures = std::move(before);
  }
  return crypto::judge(facts);
}

}  // namespace stratus::cli
