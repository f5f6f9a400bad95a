#include "stratus/gateway/via.hpp"

#include <algorithm>

namespace stratus::gateway {
namespace {

constexpr int kMostHops = 16;

// "gateway-1" of " 1.1 gateway-1 (comment)".
std::string_view receiver_of(std::string_view hop) {
  const auto skip_blanks = [&] { hop.remove_prefix(std::min(hop.find_first_not_of(" \t"), hop.size())); };
  skip_blanks();
  hop.remove_prefix(std::min(hop.find_first_of(" \t"), hop.size()));  // the protocol
  skip_blanks();
  return hop.substr(0, hop.find_first_of(" \t"));
}

}  // namespace

std::string via_of(const net::Headers& headers) {
  std::string via;
  for (const auto& [name, value] : headers.all()) {
    if (!net::same_name(name, "Via")) continue;
    if (!via.empty()) via += ", ";
    via += value;
  }
  return via;
}

bool is_circle(std::string_view via, std::string_view name) {
  int hops = 0;
  while (!via.empty()) {
    const std::size_t comma = via.find(',');
    if (net::same_name(receiver_of(via.substr(0, comma)), name) || ++hops > kMostHops) return true;
    via = comma == std::string_view::npos ? std::string_view() : via.substr(comma + 1);
  }
  return false;
}

std::string append_via(std::string_view via, std::string_view name) {
  std::string all(via);
  if (!all.empty()) all += ", ";
  return all.append("1.1 ").append(name);
}

net::Headers via_headers(std::string via) {
  net::Headers headers;
  if (!via.empty()) headers.set("Via", std::move(via));
  return headers;
}

}  // namespace stratus::gateway
