// The image configuration: what to start and which layers it stands on (OCI image specification 1.1,
// config.md, with Docker's "Healthcheck" beside it).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/base/digest.hpp"
#include "stratus/base/result.hpp"

namespace stratus::oci {

inline constexpr std::size_t kMaxConfig = 1u << 20;  // bytes

struct HealthCheck {
  std::vector<std::string> test;  // {"CMD", program, argument…}, {"CMD-SHELL", line} or {"NONE"}
  std::uint64_t interval_ns = 0;  // 0: the agent's default
  std::uint64_t timeout_ns = 0;
  std::uint64_t start_period_ns = 0;
  std::uint64_t retries = 0;
};

struct ImageConfig {
  std::string architecture;  // as Go names it: "amd64", "arm64"
  std::string os = "linux";
  std::string variant;
  std::string created;  // RFC 3339
  std::string author;

  std::string user;  // "", "name", "1000", "name:group", "1000:1000"
  std::vector<std::string> entrypoint;
  std::vector<std::string> cmd;
  std::vector<std::string> env;  // "NAME=value"
  std::string working_dir;
  std::string stop_signal;              // "SIGTERM", "15"; "" is SIGTERM
  std::set<std::string> exposed_ports;  // "8080/tcp"
  std::set<std::string> volumes;
  std::map<std::string, std::string> labels;
  std::optional<HealthCheck> health_check;

  std::vector<Digest> diff_ids;  // digests of the uncompressed layers, lowest first

  // What is started: entrypoint, then cmd.
  std::vector<std::string> command() const;
};

// `invalid` for malformed text, a file system that is not made of layers, or diff ids that are no digests.
Result<ImageConfig> parse_image_config(std::string_view text);
// One spelling: equal values give equal bytes.
std::string encode_image_config(const ImageConfig& config);

// Which layers a merged tree is made of, as indices, lowest first: of equal layers the highest hides the
// others, and overlayfs takes no directory twice.
std::vector<std::size_t> distinct_layers(const std::vector<Digest>& diff_ids);

// "amd64", "arm64", … of the machine this was compiled for.
std::string_view this_architecture();

}  // namespace stratus::oci
