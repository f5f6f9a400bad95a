// The sockets that the agent opens for a service and passes to each of its versions, so that connections wait
// in the kernel while versions change hands.
#pragma once

#include <string>
#include <vector>

#include "stratus/base/file.hpp"
#include "stratus/base/result.hpp"

namespace stratus::agent {

// Opens and listens on each "address:port". When `pidfd` is a process that still holds such a socket (the
// agent was away meanwhile), that very socket is taken over: a second one would split the connections.
Result<std::vector<FileDescriptor>> open_listen_sockets(const std::vector<std::string>& addresses, int pidfd,
                                                        int pid);

// Whether the process or one of its descendants listens on the TCP port (any address), by its own
// descriptors: tells a new version from an old one, or from a stranger, on the same port.
bool listens_on(int pid, std::uint16_t port);

}  // namespace stratus::agent
