// GET /api/v1/rollouts/{id}/bytes: what a rollout was to move by what the releases offer now, against what
// its devices say they fetched. Runs on the loop; reading runs on the lists' pool.
#pragma once

#include "stratus/net/bounded_pool.hpp"
#include "stratus/server/router.hpp"
#include "stratus/store/repository_store.hpp"

namespace stratus::server {

class RolloutBytes {
 public:
  // All must outlive it.
  RolloutBytes(db::Database& database, const store::RepositoryStore& repositories, net::BoundedPool& lists)
      : database_(database), repositories_(repositories), lists_(lists) {}

  void register_routes(Router& router);

 private:
  net::Task<Result<void>> show(Call& call);
  Result<std::string> read(const std::string& id) const;  // blocks

  db::Database& database_;
  const store::RepositoryStore& repositories_;
  net::BoundedPool& lists_;
};

}  // namespace stratus::server
