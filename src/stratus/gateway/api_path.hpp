// What a request below /api/v1 is to a gateway. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "stratus/base/digest.hpp"

namespace stratus::gateway {

enum class ApiKind : std::uint8_t {
  next,       // answered here
  message,    // a device's reports and data: queued when posted
  file,       // firmware or content by a signed address: a blob of the cache
  authority,  // the private CA: open to all, passed on
  readable,   // devices, releases, operations: the server's, passed on when read
  unknown,
};

struct ApiPath {
  ApiKind kind = ApiKind::unknown;
  std::string subject;     // image name, repository or device id (of all below devices/); decoded
  bool is_report = false;  // of a message: a report, else data
  Digest digest;           // of a file
};

// `path`: percent-encoded, without the query.
ApiPath parse_api_path(std::string_view path);

}  // namespace stratus::gateway
