// The Via field (RFC 9110 section 7.6.3): which gateways a request came through, so that a circle of them
// notices itself however long it is. Pure.
#pragma once

#include <string>
#include <string_view>

#include "stratus/net/http_message.hpp"

namespace stratus::gateway {

// All Via fields of a request as one value; "" when there is none.
std::string via_of(const net::Headers& headers);
// Whether the gateway called `name` is among them, or more than anybody would put in a row.
bool is_circle(std::string_view via, std::string_view name);
std::string append_via(std::string_view via, std::string_view name);
// Fields that say so, for the question that follows from the request.
net::Headers via_headers(std::string via);

}  // namespace stratus::gateway
