// Composes the server: stores, catalogue, registry, API, delta workers; serves until asked to stop.
#pragma once

#include <functional>
#include <string>

#include "stratus/net/task.hpp"
#include "stratus/server/config.hpp"

namespace stratus::server {

// Where a server can be reached; "" where it does not listen.
struct ServerUrls {
  std::string https;
  std::string mqtt;        // devices with a certificate
  std::string mqtt_enrol;  // devices without
};

// Opens everything below config.data (`conflict` while another server uses it), calls `ready` once it
// listens, and ends in order on SIGTERM or SIGINT. To be awaited on a loop of one thread.
net::Task<Result<void>> serve(net::Executor loop, ServerConfig config,
                              std::function<void(const ServerUrls& urls)> ready);

}  // namespace stratus::server
