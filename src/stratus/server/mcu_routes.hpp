// What microcontrollers ask: which firmware to run, in one small signed answer. Runs on the loop.
#pragma once

#include "stratus/server/identity.hpp"
#include "stratus/server/mcu_releases.hpp"
#include "stratus/server/releases.hpp"
#include "stratus/server/rollouts.hpp"
#include "stratus/server/router.hpp"

namespace stratus::server {

class McuRoutes {
 public:
  // All must outlive it.
  McuRoutes(Identity& identity, Rollouts& rollouts, Releases& releases, McuReleases& mcu,
            net::WorkerPool& pool)
      : identity_(identity), rollouts_(rollouts), releases_(releases), mcu_(mcu), pool_(pool) {}

  void register_routes(Router& router);

 private:
  using Answer = net::Task<Result<void>>;
  Answer next(Call& call);
  Answer show_key(Call& call);

  Identity& identity_;
  Rollouts& rollouts_;
  Releases& releases_;
  McuReleases& mcu_;
  net::WorkerPool& pool_;
};

}  // namespace stratus::server
