// Little texts of requests and records. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/json/fwd.hpp>

namespace stratus::server {

// "a  b" and {"a", "b"}: how words are kept in one column.
std::vector<std::string> split_words(std::string_view words);
std::string join_words(const std::vector<std::string>& words);

// The value of the first cookie of that name in a Cookie field; "" when there is none.
std::string cookie_value(std::string_view field, std::string_view name);

// "192.0.2.1" of "192.0.2.1:4711", "::1" of "[::1]:4711".
std::string without_port(std::string_view address);

// Who a request is from when proxies stand before the server: the last address of X-Forwarded-For that is no
// trusted proxy, as far as the peer itself is one; otherwise the peer. Addresses without ports.
std::string client_address(const std::string& peer, std::string_view forwarded_for,
                           const std::vector<std::string>& trusted);

// Whether the object `body` says `key`: true. The member is taken out, so that strict readers of the rest do
// not meet it; of another type it stays.
bool take_flag(boost::json::value& body, std::string_view key);

}  // namespace stratus::server
