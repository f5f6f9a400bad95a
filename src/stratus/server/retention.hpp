// How long the server keeps what devices said and did (GET and PUT /api/v1/settings/retention), and the task
// that removes what is older. Runs on the loop; the database runs on the pool.
#pragma once

#include "stratus/db/retention.hpp"
#include "stratus/db/telemetry.hpp"
#include "stratus/net/worker_pool.hpp"
#include "stratus/server/router.hpp"

namespace stratus::server {

class RetentionKeeper {
 public:
  // `defaults` count until somebody sets something else. What is referred to must outlive it.
  RetentionKeeper(net::Executor loop, db::Database& database, net::WorkerPool& pool, db::Retention defaults)
      : database_(database), pool_(pool), defaults_(std::move(defaults)), wake_(std::move(loop)) {}

  void register_routes(Router& router);
  // Removes what is too old each minute, and at once after a change; until it is cancelled.
  net::Task<void> run();

 private:
  net::Task<Result<void>> show(Call& call);
  net::Task<Result<void>> put(Call& call);
  net::Task<Result<db::Retention>> find();
  net::Task<Result<void>> prune();
  net::Task<Result<void>> prune_metrics();
  // Prunes what came after the measurement `after_id`.
  net::Task<Result<db::PrunedPage>> prune_page(std::int64_t after_id);

  db::Database& database_;
  net::WorkerPool& pool_;
  db::Retention defaults_;
  net::Notifier wake_;
  std::int64_t looked_at_ = 0;  // up to this measurement by the round through all of them
};

}  // namespace stratus::server
