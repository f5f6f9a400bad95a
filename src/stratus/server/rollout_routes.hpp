// REST routes of rollouts (api/paths/rollouts.yaml).
#pragma once

#include <set>

#include "stratus/server/deploy_gate.hpp"
#include "stratus/server/rollouts.hpp"
#include "stratus/server/router.hpp"
#include "stratus/store/repository_store.hpp"

namespace stratus::server {

class RolloutRoutes {
 public:
  // All must outlive it.
  RolloutRoutes(net::Executor loop, Rollouts& rollouts, const DeployGate& gate, db::Database& database,
                net::WorkerPool& pool, const store::RepositoryStore& repositories,
                unsigned approval_from_percent)
      : repeated_(loop),
        rollouts_(rollouts),
        gate_(gate),
        database_(database),
        pool_(pool),
        repositories_(repositories),
        approval_from_percent_(approval_from_percent) {}

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
  // Does `change`, unless the kept answer of an earlier request comes back. A repetition that comes while the
  // first is under way waits for it.
  using Making = std::function<net::Task<Result<std::string>>(RepeatKey)>;
  Answer once(Call& call, int status, Making change);
  net::Task<Result<std::string>> order_of(std::string id, RolloutOrder order);
  // `conflict` when devices would refuse what it brings, seen from what they are to run now.
  net::Task<Result<void>> judge(const rollout::Spec& spec);
  // What stands in a rollout that nobody has let run yet is judged again: the world went on meanwhile.
  net::Task<Result<void>> judge_again(std::string id);
  // Judges and plans, and demands a second person's word where so much of the fleet is meant.
  net::Task<Result<Rollouts::Draft>> plan(rollout::Spec spec);
  net::Task<Result<std::string>> plan_and_create(rollout::Spec spec, bool submit, Actor who,
                                                 RepeatKey repeat);

  std::set<std::string> repeating_;  // keys of requests under way
  net::Notifier repeated_;
  Rollouts& rollouts_;
  const DeployGate& gate_;
  db::Database& database_;
  net::WorkerPool& pool_;
  const store::RepositoryStore& repositories_;
  unsigned approval_from_percent_;  // of the active devices; 0: never by itself
};

}  // namespace stratus::server
