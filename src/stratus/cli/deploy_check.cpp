#include "stratus/cli/deploy_check.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

namespace stratus::cli {
namespace {

using Counters = std::map<std::string, std::uint64_t>;  // of each key, the highest

Counters counters_of(const std::vector<SignedAs>& signatures, const std::string& version) {
  Counters out;
  for (const SignedAs& one : signatures) {
    if (one.version != version) continue;
    const auto [entry, is_new] = out.emplace(one.key_id, one.counter);
    if (!is_new) entry->second = std::max(entry->second, one.counter);
  }
  return out;
}

// A device that ran `before` refuses lower counters (docs/adr/0006). It may trust any of these keys, so the
// same key is compared where both are signed by it.
bool is_older(const Counters& mine, const Counters& before) {
  std::uint64_t highest = 0;
  for (const auto& [key, counter] : before) highest = std::max(highest, counter);
  return std::none_of(mine.begin(), mine.end(), [&](const auto& one) {
    const auto same = before.find(one.first);
    return one.second >= (same == before.end() ? highest : same->second);
  });
}

}  // namespace

DeployVerdict judge(const DeployFacts& facts) {
  const auto& [name, version, signatures, target_version, target_signatures] = facts;
  const Counters mine = counters_of(signatures, version);
  const Counters before = counters_of(target_signatures, target_version);
  const std::string sign = fmt::format("`stratus deploy {}:{} --sign-key release.key`", name, version);
  DeployVerdict out;
  out.is_signed = !mine.empty();
  if (out.is_signed) {
    out.key_id = mine.begin()->first;
    if (is_older(mine, before)) {
      out.problem = fmt::format(
          "{0}:{1} was signed before {0}:{2}, which devices are to run now, and they refuse what is older. "
          "To "
          "go back, sign it anew: {3}",
          name, version, target_version, sign);
    }
    return out;
  }
  out.waivable = true;
  if (!signatures.empty()) {
    out.problem = fmt::format(
        "no signature names {0}:{1}: these contents are signed as {0}:{2}, and devices refuse them under "
        "another name. Sign it: {3} (--unsigned deploys it all the same)",
        name, version, signatures.front().version, sign);
  } else if (!before.empty()) {
    out.problem = fmt::format(
        "{0}:{1} is not signed, {0}:{2}, which devices are to run now, is: they would refuse it. Sign it: "
        "{3} "
        "(--unsigned deploys it all the same)",
        name, version, target_version, sign);
  }
  return out;
}

Result<DeployVerdict> examine_deploy(ImageTarget& target, const std::vector<ReleaseLine>& releases,
                                     const std::string& name, const std::string& version,
                                     const Digest& image) {
  DeployFacts facts;
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
  return judge(facts);
}

}  // namespace stratus::cli
