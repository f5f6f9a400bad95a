#include "stratus/net/listen_address.hpp"

#include <charconv>

#include <fmt/format.h>

namespace stratus::net {

Result<ListenAddress> parse_listen_address(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  ListenAddress listen;
  if (colon != std::string::npos && colon > 0) {
    listen.address = text.substr(0, colon);
    if (listen.address.size() > 2 && listen.address.front() == '[' && listen.address.back() == ']') {
      listen.address = listen.address.substr(1, listen.address.size() - 2);
    }
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, listen.port);
    if (error == std::errc() && stop == end && colon + 1 < text.size()) return listen;
  }
  return fail(ErrorCode::invalid, "'" + text + "' is not an address and port such as 127.0.0.1:8443");
}

std::string local_url(bool secure, const std::string& address, std::uint16_t port) {
  const bool any = address == "0.0.0.0" || address == "::";
  const bool six = !any && address.find(':') != std::string::npos;
  const std::string host = any ? "127.0.0.1" : six ? "[" + address + "]" : address;
  return fmt::format("{}://{}:{}", secure ? "https" : "http", host, port);
}

}  // namespace stratus::net
