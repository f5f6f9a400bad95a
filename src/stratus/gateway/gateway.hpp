// Composes the gateway: cache, answers, queue; serves devices until asked to stop.
#pragma once

#include <functional>
#include <string>

#include "stratus/gateway/config.hpp"
#include "stratus/net/task.hpp"

namespace stratus::gateway {

inline constexpr const char* kVersion = "0.1.0";

// Opens everything below config.data, calls `ready` with the URL once it listens, and ends in order on
// SIGTERM or SIGINT. `conflict` while another gateway uses the directory, unless --reuse-port hands it over.
// To be awaited on a loop of one thread.
net::Task<Result<void>> serve(net::Executor loop, GatewayConfig config,
                              std::function<void(const std::string& url, const std::string& mqtt)> ready);

}  // namespace stratus::gateway
