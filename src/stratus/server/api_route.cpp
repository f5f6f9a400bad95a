#include "stratus/server/api_route.hpp"

#include <vector>

#include "stratus/net/http_message.hpp"

namespace stratus::server {

ApiRoute parse_api_route(std::string_view path) {
  constexpr std::string_view prefix = "/api/v1/";
  if (!path.starts_with(prefix)) return {};
  path.remove_prefix(prefix.size());
  if (path.starts_with("next/")) {
    const auto name = net::percent_decode(path.substr(5));
    if (!name || name->empty()) return {};
    return {ApiEndpoint::next, *name, ""};
  }
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t slash = path.find('/');
    auto part = net::percent_decode(path.substr(0, slash));
    if (!part || part->empty()) return {};
    parts.push_back(std::move(*part));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  const std::string& area = parts.front();
  if (parts.size() == 1) {
    if (area == "devices") return {ApiEndpoint::devices, "", ""};
    if (area == "releases") return {ApiEndpoint::releases, "", ""};
    if (area == "gc") return {ApiEndpoint::garbage, "", ""};
  } else if (parts.size() == 2) {
    if (area == "devices") return {ApiEndpoint::device, parts[1], ""};
    if (area == "releases") return {ApiEndpoint::release, parts[1], ""};
    if (area == "operations") return {ApiEndpoint::operation, parts[1], ""};
  } else if (parts.size() == 3) {
    if (area == "devices" && parts[2] == "reports") return {ApiEndpoint::reports, parts[1], ""};
    if (area == "devices" && parts[2] == "data") return {ApiEndpoint::data, parts[1], ""};
    if (area == "releases" && parts[2] == "target") return {ApiEndpoint::target, parts[1], ""};
  } else if (parts.size() == 4 && area == "releases" && parts[2] == "versions") {
    return {ApiEndpoint::version, parts[1], parts[3]};
  }
  return {};
}

}  // namespace stratus::server
