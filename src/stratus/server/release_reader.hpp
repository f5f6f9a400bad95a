// Puts together what a device needs to know about a release, from what the registry stores. Blocks; no state.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "stratus/rollout/plan.hpp"
#include "stratus/store/repository_store.hpp"
#include "stratus/wire/next.hpp"

namespace stratus::server {

struct NextQuestion {
  std::string name;
  std::string version;
  Digest target;
  Digest base;  // empty: the device runs nothing
};

struct NextAnswer {
  wire::NextRelease next;
  // There is no delta artifact for the base, the base is known here, and its layers are not all in the
  // target.
  bool delta_missing = false;
  std::vector<Digest> delta_bases;  // images from which there is a delta artifact, whatever the base
};

Result<NextAnswer> read_next(const store::RepositoryStore& repositories, const NextQuestion& question);

// What devices need of the signatures of `question.target`, as question.version of the name: those for the
// version, the newest of each key; all of them when none is for it.
Result<std::vector<wire::ReleaseSignature>> read_signatures(const store::RepositoryStore& repositories,
                                                            const NextQuestion& question);

// The delta artifact that makes `target` from `base`, if there is one.
Result<std::optional<Digest>> find_delta(const store::RepositoryStore& repositories, const std::string& name,
                                         const Digest& target, const Digest& base);

// `invalid` with the reason unless devices can run it: an image manifest with its configuration and layers.
Result<void> check_release(const store::RepositoryStore& repositories, const std::string& name,
                           const Digest& digest);

// What the release demands of devices.
Result<rollout::Requirement> read_requirement(const store::RepositoryStore& repositories,
                                              const std::string& name, const Digest& digest);

}  // namespace stratus::server
