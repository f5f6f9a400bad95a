// Small helpers of the registry's handlers: errors from below as OCI errors, and answers without body.
#pragma once

#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "stratus/net/http_server.hpp"
#include "stratus/oci/registry_route.hpp"

namespace stratus::server {

using oci::OciError;

tl::unexpected<OciError> refuse(int status, std::string code, std::string message);

// `unknown_code` is for what is not there, `invalid_code` for what is not acceptable; a digest that does not
// match is DIGEST_INVALID.
tl::unexpected<OciError> refuse(const Error& error, std::string unknown_code,
                                std::string invalid_code = "UNSUPPORTED");

// Answers with the error body; 401 says how to log in. A peer that is gone is not an error.
net::Task<void> respond_oci_error(net::Exchange& exchange, OciError error);

}  // namespace stratus::server
