// Gateways as the server knows them: by what they say about themselves. Runs on the loop; reading runs on a
// pool.
#pragma once

#include "stratus/net/worker_pool.hpp"
#include "stratus/server/event_bus.hpp"
#include "stratus/server/identity.hpp"
#include "stratus/server/router.hpp"

namespace stratus::server {

class GatewayRoutes {
 public:
  // All must outlive it.
  GatewayRoutes(db::Database& database, net::WorkerPool& pool, Identity& identity, EventBus& bus)
      : database_(database), pool_(pool), identity_(identity), bus_(bus) {}

  void register_routes(Router& router);

 private:
  net::Task<Result<void>> take_status(Call& call);
  net::Task<Result<void>> list(Call& call);
  net::Task<Result<void>> show(Call& call);
  net::Task<Result<void>> remove(Call& call);
  // A gateway speaks for itself only; without a certificate only where devices may as well.
  net::Task<Result<std::string>> check_word(Call& call, std::string id, std::string body) const;

  db::Database& database_;
  net::WorkerPool& pool_;
  Identity& identity_;
  EventBus& bus_;
};

}  // namespace stratus::server
