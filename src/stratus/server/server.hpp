// Composes the server: stores, catalogue, registry, API, delta workers; serves until asked to stop.
#pragma once

#include <functional>
#include <string>

#include "stratus/net/task.hpp"
#include "stratus/server/config.hpp"

namespace stratus::server {

// Opens everything below config.data (`conflict` while another server uses it), calls `ready` with the URL
// and that of the broker ("" without one) once it listens, and ends in order on SIGTERM or SIGINT. To be
// awaited on a loop of one thread.
net::Task<Result<void>> serve(net::Executor loop, ServerConfig config,
                              std::function<void(const std::string& url, const std::string& mqtt)> ready);

}  // namespace stratus::server
