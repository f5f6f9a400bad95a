// A gateway's own identity: DATA/identity (net/identity_files.hpp), used towards the upstream.
#pragma once

#include <functional>

#include "stratus/base/result.hpp"
#include "stratus/gateway/config.hpp"
#include "stratus/net/loop.hpp"

namespace stratus::gateway {

// Takes the certificate that is there, or enrols with config.enrol_code when there is none. Unchanged without
// either.
net::Task<Result<void>> adopt_identity(net::Executor loop, GatewayConfig& config);

// Renews the certificate in time, for ever, and says so; `config` must outlive it.
net::Task<void> keep_identity(net::Executor loop, const GatewayConfig& config, std::function<void()> renewed);

// What this gateway says about itself, signed with its key (kind "status"); "" when it has no identity. Reads
// the key from the disk: a renewal may have brought another.
std::string sign_status(const GatewayConfig& config, const std::string& body);

}  // namespace stratus::gateway
