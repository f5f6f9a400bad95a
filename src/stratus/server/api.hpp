// The main job's routes of the REST interface (docs/api.md): what devices ask and tell, releases, targets,
// garbage collection. Runs on the loop.
#pragma once

#include "stratus/net/bounded_pool.hpp"
#include "stratus/server/deploy_gate.hpp"
#include "stratus/server/deployments.hpp"
#include "stratus/server/identity.hpp"
#include "stratus/server/releases.hpp"
#include "stratus/server/rollouts.hpp"
#include "stratus/server/router.hpp"
#include "stratus/server/sightings.hpp"
#include "stratus/store/garbage.hpp"

namespace stratus::server {

class Api {
 public:
  // All must outlive it. `garbage` blocks and runs on the pool given with it.
  Api(Identity& identity, Releases& releases, Deployments& deployments, const DeployGate& gate,
      db::Catalogue& catalogue, Sightings& sightings, Rollouts& rollouts, EventBus& bus,
      net::WorkerPool& pool, net::BoundedPool& lists, net::WorkerPool& garbage_pool,
      std::function<Result<store::GarbageReport>(bool dry_run)> garbage)
      : identity_(identity),
        releases_(releases),
        deployments_(deployments),
        gate_(gate),
        catalogue_(catalogue),
        sightings_(sightings),
        rollouts_(rollouts),
        bus_(bus),
        pool_(pool),
        lists_(lists),
        garbage_pool_(garbage_pool),
        garbage_(std::move(garbage)) {}

  void register_routes(Router& router);

 private:
  using Answer = net::Task<Result<void>>;

  Answer get_next(Call& call);
  Answer take_report(Call& call);
  Answer take_sample(Call& call);
  Answer list_reports(Call& call);
  Answer list_samples(Call& call);
  Answer list_releases(Call& call);
  Answer register_version(Call& call);
  Answer remove_version(Call& call);
  Answer set_target(Call& call);
  Answer get_operation(Call& call);
  Answer collect_garbage(Call& call);

  // Whether who calls may ask for the device; people and their tokens may.
  // Whether the newest report of the device about `name`, signed or of its own session, says so. Blocks.
  Result<bool> has_reported(const std::string& device, const std::string& name, const Digest& running) const;
  Result<void> check_speaks_for(const Call& call, const std::string& device) const;
  // The same for a message that the device has signed.
  Answer check_message(Call& call, std::string device, std::string kind, std::uint64_t counter,
                       std::string body);

  Answer check_sample(Call& call, std::string device, std::string body);

  Identity& identity_;
  Releases& releases_;
  Deployments& deployments_;
  const DeployGate& gate_;
  db::Catalogue& catalogue_;
  Sightings& sightings_;
  Rollouts& rollouts_;
  EventBus& bus_;
  net::WorkerPool& pool_;
  net::BoundedPool& lists_;
  net::WorkerPool& garbage_pool_;
  std::function<Result<store::GarbageReport>(bool)> garbage_;
};

}  // namespace stratus::server
