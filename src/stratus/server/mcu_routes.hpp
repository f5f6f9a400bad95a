// What microcontrollers ask: which firmware to run, in one small signed answer. Runs on the loop.
#pragma once

#include <string>

#include "stratus/db/database.hpp"
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
            db::Database& database, net::WorkerPool& pool)
      : identity_(identity),
        rollouts_(rollouts),
        releases_(releases),
        mcu_(mcu),
        database_(database),
        pool_(pool) {}

  void register_routes(Router& router);

 private:
  using Answer = net::Task<Result<void>>;
  Answer next(Call& call);
  Answer show_key(Call& call);
  // The inventory says from its first question on what kind of device this is, and watchers are told.
  net::Task<void> note_kind(Call& call, const std::string& device);

  Identity& identity_;
  Rollouts& rollouts_;
  Releases& releases_;
  McuReleases& mcu_;
  db::Database& database_;
  net::WorkerPool& pool_;
};

}  // namespace stratus::server
