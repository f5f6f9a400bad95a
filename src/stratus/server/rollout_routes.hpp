// REST routes of rollouts (api/paths/rollouts.yaml).
#pragma once

#include "stratus/server/rollouts.hpp"
#include "stratus/server/router.hpp"
#include "stratus/store/repository_store.hpp"

namespace stratus::server {

class RolloutRoutes {
 public:
  // All must outlive it.
  RolloutRoutes(Rollouts& rollouts, db::Database& database, net::WorkerPool& pool,
                const store::RepositoryStore& repositories)
      : rollouts_(rollouts), database_(database), pool_(pool), repositories_(repositories) {}

  void register_routes(Router& router);

 private:
  using Answer = net::Task<Result<void>>;

  Answer create(Call& call);
  Answer dry_run(Call& call);
  Answer list(Call& call);
  Answer show(Call& call);
  Answer list_devices(Call& call);
  Answer list_exclusions(Call& call);
  Answer list_events(Call& call);
  Answer list_history(Call& call);
  Answer order(Call& call, RolloutOrder::Kind kind);
  net::Task<Result<db::RolloutRow>> find(std::string id);

  Rollouts& rollouts_;
  db::Database& database_;
  net::WorkerPool& pool_;
  const store::RepositoryStore& repositories_;
};

}  // namespace stratus::server
