// Which endpoint of /api/v1 a request path means. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace stratus::server {

enum class ApiEndpoint : std::uint8_t {
  next,       // /api/v1/next/{name}; slashes in the name may stand as they are
  devices,    // /api/v1/devices
  device,     // /api/v1/devices/{id}
  reports,    // /api/v1/devices/{id}/reports
  data,       // /api/v1/devices/{id}/data
  releases,   // /api/v1/releases
  release,    // /api/v1/releases/{name}
  version,    // /api/v1/releases/{name}/versions/{version}
  target,     // /api/v1/releases/{name}/target
  operation,  // /api/v1/operations/{id}
  garbage,    // /api/v1/gc
  unknown,
};

struct ApiRoute {
  ApiEndpoint endpoint = ApiEndpoint::unknown;
  std::string first;   // name, device or operation; decoded
  std::string second;  // version; decoded
};

ApiRoute parse_api_route(std::string_view path);

}  // namespace stratus::server
