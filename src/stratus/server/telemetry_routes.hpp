// REST over what devices say: /api/v1/devices/{id}/{metrics,events,log,live}.
#pragma once

#include "stratus/db/database.hpp"
#include "stratus/net/worker_pool.hpp"
#include "stratus/server/router.hpp"

namespace stratus::server {

// All must outlive the router.
void register_telemetry_routes(Router& router, db::Database& database, net::WorkerPool& pool);

}  // namespace stratus::server
