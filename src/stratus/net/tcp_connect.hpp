// Connecting a TCP socket from a coroutine. Internal to net.
#pragma once

#include <cstdint>
#include <string>

#include "stratus/base/clock.hpp"
#include "stratus/base/file.hpp"
#include "stratus/base/result.hpp"
#include "stratus/net/task.hpp"

namespace stratus::net {

// A connected, non-blocking socket without Nagle's delay. `what` names the peer in errors: `timeout`,
// `unavailable`.
Task<Result<FileDescriptor>> connect_tcp(std::string host, std::uint16_t port, std::string what,
                                         Millis timeout);

}  // namespace stratus::net
