// The REST interface under /api/v1 (docs/api.md): what devices ask and tell, and what people steer. Asking
// and telling is open until devices have identities; steering needs the admin token. Runs on the loop.
#pragma once

#include "stratus/net/http_server.hpp"
#include "stratus/server/admin_token.hpp"
#include "stratus/server/api_route.hpp"
#include "stratus/server/deployments.hpp"
#include "stratus/server/releases.hpp"
#include "stratus/server/sightings.hpp"
#include "stratus/store/garbage.hpp"

namespace stratus::server {

class Api {
 public:
  // All must outlive it. `garbage` blocks and runs on the pool given with it.
  Api(Releases& releases, Deployments& deployments, db::Catalogue& catalogue, Sightings& sightings,
      net::WorkerPool& pool, const AdminToken& token, net::WorkerPool& garbage_pool,
      std::function<Result<store::GarbageReport>(bool dry_run)> garbage)
      : releases_(releases),
        deployments_(deployments),
        catalogue_(catalogue),
        sightings_(sightings),
        pool_(pool),
        token_(token),
        garbage_pool_(garbage_pool),
        garbage_(std::move(garbage)) {}

  net::Task<void> handle(net::Exchange& exchange);

 private:
  net::Task<Result<void>> dispatch(net::Exchange& exchange, const ApiRoute& route);
  net::Task<Result<void>> get_next(net::Exchange& exchange, const ApiRoute& route);
  net::Task<Result<void>> take_report(net::Exchange& exchange, const ApiRoute& route);
  net::Task<Result<void>> take_sample(net::Exchange& exchange, const ApiRoute& route);
  net::Task<Result<void>> list_devices(net::Exchange& exchange);
  net::Task<Result<void>> get_device(net::Exchange& exchange, const ApiRoute& route);
  net::Task<Result<void>> list_reports(net::Exchange& exchange, const ApiRoute& route);
  net::Task<Result<void>> list_samples(net::Exchange& exchange, const ApiRoute& route);
  net::Task<Result<void>> list_releases(net::Exchange& exchange, const std::string& name);
  net::Task<Result<void>> register_version(net::Exchange& exchange, const ApiRoute& route);
  net::Task<Result<void>> remove_version(net::Exchange& exchange, const ApiRoute& route);
  net::Task<Result<void>> set_target(net::Exchange& exchange, const ApiRoute& route);
  net::Task<Result<void>> get_operation(net::Exchange& exchange, const ApiRoute& route);
  net::Task<Result<void>> collect_garbage(net::Exchange& exchange);
  net::Task<Result<void>> read_member(net::Exchange& exchange, const char* name, std::string& into);
  bool may_steer(const net::Exchange& exchange) const;

  Releases& releases_;
  Deployments& deployments_;
  db::Catalogue& catalogue_;
  Sightings& sightings_;
  net::WorkerPool& pool_;
  const AdminToken& token_;
  net::WorkerPool& garbage_pool_;
  std::function<Result<store::GarbageReport>(bool)> garbage_;
};

}  // namespace stratus::server
