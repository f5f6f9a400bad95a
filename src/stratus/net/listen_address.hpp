// Where a program listens, as people write it on a command line.
#pragma once

#include <cstdint>
#include <string>

#include "stratus/base/result.hpp"

namespace stratus::net {

struct ListenAddress {
  std::string address;
  std::uint16_t port = 0;
};
// "127.0.0.1:8443", "[::1]:8443"
Result<ListenAddress> parse_listen_address(const std::string& text);
// The URL for somebody on this machine: any-address becomes the loopback one.
std::string local_url(bool secure, const std::string& address, std::uint16_t port);

}  // namespace stratus::net
