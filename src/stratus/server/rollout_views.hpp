// Whole rollouts as pictures: tile map, devices over time, failures by cause. Runs on the loop; reading runs
// on the lists' pool.
#pragma once

#include "stratus/net/bounded_pool.hpp"
#include "stratus/server/event_bus.hpp"
#include "stratus/server/router.hpp"

namespace stratus::server {

class RolloutViews {
 public:
  // All must outlive it.
  RolloutViews(db::Database& database, net::BoundedPool& lists, EventBus& bus)
      : database_(database), lists_(lists), bus_(bus) {}

  void register_routes(Router& router);

 private:
  net::Task<Result<void>> tiles(Call& call);
  net::Task<Result<void>> replay(Call& call);
  net::Task<Result<void>> timeline(Call& call);
  net::Task<Result<void>> failures(Call& call);

  db::Database& database_;
  net::BoundedPool& lists_;
  EventBus& bus_;
};

}  // namespace stratus::server
