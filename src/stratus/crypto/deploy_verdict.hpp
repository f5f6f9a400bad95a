// Whether devices would take a version if it became what they are to run: found out before it does, by the
// commands, the interface and rollouts alike. Advice only: what is looked at here are claims of signatures,
// devices check the signatures themselves. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "stratus/base/result.hpp"

namespace stratus::crypto {

// What a signature claims, proven by nothing.
struct SignedAs {
  std::string key_id, version;
  std::uint64_t counter = 0;
};

struct DeployFacts {
  std::string name, version;
  std::vector<SignedAs> signatures;  // of its image, as whatever version
  std::string target_version;        // what devices are to run now; empty: nothing
  std::vector<SignedAs> target_signatures;
  std::string command = "deploy";  // of `stratus`, that signs it and does what is wanted, or just signs it
};

struct DeployVerdict {
  bool is_signed = false;  // as this version
  std::string key_id;      // then: who signed it
  std::string problem;     // why devices would refuse it, and what to do; empty: nothing is known
  // Of the problem: "unsigned" or "signed_earlier". Only the first can be waived.
  std::string reason;

  // `conflict` with problem and reason, unless there is none or `accept_unsigned` waives it.
  Result<void> check(bool accept_unsigned) const;
};
// An unsigned version is a problem once devices run a signed one. Before, it is a trial.
DeployVerdict judge(const DeployFacts& facts);

}  // namespace stratus::crypto
