// What a server can be told about identities; the names in the file are in docs/operations/server.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace stratus::server {

// Whether devices must have a certificate. Optional is for trials and for moving an old fleet over: who is
// enrolled needs it all the same.
enum class IdentityMode : std::uint8_t { optional, required };

struct IdentityConfig {
  IdentityMode mode = IdentityMode::optional;
  std::chrono::seconds certificate_lifetime{std::chrono::days(90)};
  std::chrono::seconds renew_before{std::chrono::days(30)};  // its end
  std::chrono::seconds grace{std::chrono::days(400)};        // an expired one may still renew itself
  std::chrono::seconds revocation_list_lifetime{std::chrono::days(30)};
  std::vector<std::string> server_names;  // besides crypto::default_server_names()
};

}  // namespace stratus::server
