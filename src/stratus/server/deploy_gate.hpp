// Whether devices would take a version, asked before it becomes what they are to run: by deploying it or by a
// rollout (crypto/deploy_verdict.hpp). Runs on the loop; reads on the pool.
#pragma once

#include <string>

#include "stratus/net/worker_pool.hpp"
#include "stratus/server/releases.hpp"
#include "stratus/store/repository_store.hpp"

namespace stratus::server {

class DeployGate {
 public:
  // All must outlive it.
  DeployGate(const Releases& releases, const store::RepositoryStore& repositories, net::WorkerPool& pool)
      : releases_(releases), repositories_(repositories), pool_(pool) {}

  // `conflict` with the reason "unsigned" or "signed_earlier" when devices would refuse it, seen from what
  // the name's target is now; `accept_unsigned` waives the first. `not_found`: no such version. `command`: of
  // `stratus`, that mends it.
  net::Task<Result<void>> admit(std::string name, std::string version, bool accept_unsigned,
                                std::string command) const;

 private:
  const Releases& releases_;
  const store::RepositoryStore& repositories_;
  net::WorkerPool& pool_;
};

}  // namespace stratus::server
