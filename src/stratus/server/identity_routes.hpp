// The REST surface of identity: registration codes, enrolment, renewal, revocation, the CA
// (api/paths/identity.yaml).
#pragma once

#include "stratus/server/identity.hpp"
#include "stratus/server/router.hpp"

namespace stratus::server {

// `identity` must outlive the router.
void register_identity_routes(Router& router, Identity& identity);

}  // namespace stratus::server
