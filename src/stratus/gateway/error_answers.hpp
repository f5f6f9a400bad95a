// Errors as a gateway tells them: what the upstream did wrong is 502, what may pass says when to come back.
#pragma once

#include "stratus/net/http_server.hpp"
#include "stratus/oci/registry_route.hpp"

namespace stratus::gateway {

// RFC 9457 problem, or inside /v2 the registry's error body. A peer that is gone is not an error.
net::Task<void> respond_error(net::Exchange& exchange, Error error);
// 405: what only the server can do.
net::Task<void> respond_read_only(net::Exchange& exchange, std::string upstream);
net::Task<void> respond_oci_error(net::Exchange& exchange, oci::OciError error);

}  // namespace stratus::gateway
