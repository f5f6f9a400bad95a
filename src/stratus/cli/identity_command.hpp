// `stratus device code|codes|revoke|certificates` and `stratus ca show`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "stratus/cli/common.hpp"

namespace stratus::cli {

struct CodeOptions {
  std::string region, group;
  std::string kind = "device";
  std::string device;
  std::vector<std::string> names;
  std::string ttl = "1h";  // "30m", "90s", "1d"
  std::uint64_t count = 1;
};
// Prints the code, once: the server keeps only a keyed hash of it.
Result<void> make_registration_code(const CodeOptions& options, const CommonOptions& common);
Result<void> list_registration_codes(bool all, const CommonOptions& common);
Result<void> revoke_device(const std::string& device, const std::string& reason, const CommonOptions& common);
Result<void> list_certificates(const std::string& device, const CommonOptions& common);
Result<void> show_ca(bool pem, const CommonOptions& common);

// "90s", "30m", "1h", "1d", "45" (seconds).
Result<std::uint64_t> parse_ttl(const std::string& text);

}  // namespace stratus::cli
