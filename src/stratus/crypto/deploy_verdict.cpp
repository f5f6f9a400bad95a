#include "stratus/crypto/deploy_verdict.hpp"

#include <algorithm>
#include <map>
#include <string_view>

#include <fmt/format.h>

namespace stratus::crypto {
namespace {

constexpr std::string_view kUnsigned = "unsigned", kEarlier = "signed_earlier";

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
  const auto& [name, version, signatures, target_version, target_signatures, command] = facts;
  const Counters mine = counters_of(signatures, version);
  const Counters before = counters_of(target_signatures, target_version);
  const std::string sign = fmt::format("`stratus {} {}:{} --sign-key release.key`", command, name, version);
  DeployVerdict out;
  out.is_signed = !mine.empty();
  if (out.is_signed) {
    out.key_id = mine.begin()->first;
    if (is_older(mine, before)) {
      out.reason = kEarlier;
      out.problem = fmt::format(
          "{0}:{1} was signed before {0}:{2}, which devices are to run now, and they refuse what is older. "
          "To go back, sign it anew: {3}",
          name, version, target_version, sign);
    }
    return out;
  }
  // Programs of a pipeline read this too: both ways to say so are named.
  const std::string_view all_the_same = "(--unsigned, or \"unsigned\": true, deploys it all the same)";
  if (!signatures.empty()) {
    out.problem = fmt::format(
        "no signature names {0}:{1}: these contents are signed as {0}:{2}, and devices refuse them under "
        "another name. Sign it: {3} {4}",
        name, version, signatures.front().version, sign, all_the_same);
  } else if (!before.empty()) {
    out.problem = fmt::format(
        "{0}:{1} is not signed, {0}:{2}, which devices are to run now, is: they would refuse it. Sign it: "
        "{3} {4}",
        name, version, target_version, sign, all_the_same);
  }
  if (!out.problem.empty()) out.reason = kUnsigned;
  return out;
}

Result<void> DeployVerdict::check(bool accept_unsigned) const {
  if (problem.empty() || (accept_unsigned && reason == kUnsigned)) return {};
  return fail(ErrorCode::conflict, problem, reason);
}

}  // namespace stratus::crypto
