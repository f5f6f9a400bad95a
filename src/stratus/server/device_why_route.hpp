// GET /api/v1/devices/{id}/why: collects what device_why.hpp judges. Runs on the loop; reading runs on a
// pool.
#pragma once

#include "stratus/net/worker_pool.hpp"
#include "stratus/server/device_why.hpp"
#include "stratus/server/identity.hpp"
#include "stratus/server/rollouts.hpp"
#include "stratus/server/router.hpp"
#include "stratus/server/sightings.hpp"

namespace stratus::server {

class DeviceWhy {
 public:
  // All must outlive it.
  DeviceWhy(db::Database& database, net::WorkerPool& pool, Identity& identity, Releases& releases,
            Rollouts& rollouts, Fleet& fleet, Sightings& sightings)
      : database_(database),
        pool_(pool),
        identity_(identity),
        releases_(releases),
        rollouts_(rollouts),
        fleet_(fleet),
        sightings_(sightings) {}

  void register_routes(Router& router);

 private:
  net::Task<Result<void>> show(Call& call);
  // On the pool: everything that is stored.
  Result<WhyFacts> read(const std::string& device) const;
  // What rollouts and targets say; on the loop.
  void add_target(const std::string& device, WhyFacts& facts) const;
  net::Task<Result<void>> add_compatibility(std::string device, WhyFacts& facts);

  db::Database& database_;
  net::WorkerPool& pool_;
  Identity& identity_;
  Releases& releases_;
  Rollouts& rollouts_;
  Fleet& fleet_;
  Sightings& sightings_;
};

}  // namespace stratus::server
