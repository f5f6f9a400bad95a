// /api/v1/me/views: views of the console's lists that people saved for themselves (filters that all share are
// /api/v1/filters). Runs on the loop; the database runs on the pool.
#pragma once

#include "stratus/net/worker_pool.hpp"
#include "stratus/server/router.hpp"

namespace stratus::server {

class SavedViews {
 public:
  // All must outlive it.
  SavedViews(db::Database& database, net::WorkerPool& pool) : database_(database), pool_(pool) {}

  void register_routes(Router& router);

 private:
  net::Task<Result<void>> list(Call& call);
  net::Task<Result<void>> put(Call& call);
  net::Task<Result<void>> remove(Call& call);

  db::Database& database_;
  net::WorkerPool& pool_;
};

}  // namespace stratus::server
