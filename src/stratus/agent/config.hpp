// What the agent is told: a TOML file (docs/operations/agent.md has every key), with command line flags on
// top, and, for what a file leaves out, the image's own labels.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/base/result.hpp"
#include "stratus/oci/image_config.hpp"
#include "stratus/runtime/container_spec.hpp"
#include "stratus/update/crash_rules.hpp"

namespace stratus::agent {

enum class SwapOrder : std::uint8_t { stop_first, start_first };
enum class CheckKind : std::uint8_t { none, exec, http, tcp };

// What a release may ask for at most, and a configuration too: beyond these an update would in effect never
// end.
inline constexpr std::chrono::milliseconds kMaxInterval = std::chrono::hours(1);
inline constexpr std::chrono::milliseconds kMaxTimeout = std::chrono::minutes(10);
inline constexpr std::chrono::milliseconds kMaxStartTime = std::chrono::hours(1);
inline constexpr std::chrono::milliseconds kMaxProbation = std::chrono::hours(24);
inline constexpr unsigned kMaxRetries = 100;

// How the agent finds out whether a service is well.
struct HealthCheckPlan {
  CheckKind kind = CheckKind::none;
  std::vector<std::string> command;  // exec
  std::string url;                   // http: answers 200 to 399
  std::string host;                  // tcp: accepts
  std::uint16_t port = 0;
  std::chrono::milliseconds interval{1'000};
  std::chrono::milliseconds timeout{2'000};
  std::chrono::milliseconds start_time{30'000};  // to become well after the start
  unsigned retries = 3;                          // failures in a row that count
};

// The broker beside the server (docs/operations/agent.md).
struct MqttConfig {
  std::string broker;                 // "mqtts://host:8883"; empty: polling only
  std::filesystem::path ca_file;      // empty: that of the server
  std::filesystem::path certificate;  // PEM chain; its CN is the device id
  std::filesystem::path key;
  std::chrono::milliseconds metrics{60'000};
};

// Display contents beside the service; off without a directory.
struct ContentConfig {
  std::filesystem::path directory;
  std::uint64_t limit = 0;      // most bytes of all that is shown; 0: no bound
  bool must_be_signed = false;  // by one of `keys`, as images and firmware always are (docs/adr/0008)
};

// A firmware beside the service, brought into the device by a program (docs/operations/firmware-plugins.md).
struct FirmwareConfig {
  std::string name;                  // follows "firmware/NAME"
  std::vector<std::string> program;  // an absolute path and fixed arguments
  std::chrono::milliseconds probation{60'000};
  std::chrono::milliseconds interval{5'000};      // between two probes
  std::chrono::milliseconds start_time{120'000};  // to become well after `install`
  std::chrono::milliseconds install_time{3'600'000};
  std::chrono::milliseconds call_time{60'000};  // for every other call
  unsigned retries = 3;                         // bad probes in a row that count
};

struct AgentConfig {
  std::string server;             // URL of gateway or server
  std::filesystem::path ca_file;  // empty: the system's
  std::string device;
  std::string image;
  std::filesystem::path data;
  std::vector<std::filesystem::path> keys;  // pinned release keys
  std::chrono::milliseconds poll{60'000};

  std::optional<SwapOrder> order;  // else the image's label, else stop-first
  std::optional<std::chrono::milliseconds> probation;
  bool deltas = true;
  std::uint64_t byte_budget = 0;           // per update; 0: none
  std::uint64_t disk_reserve = 16u << 20;  // bytes
  std::uint64_t memory = 0;                // bytes for unpacking; 0: no bound

  std::vector<std::string> env;   // on top of the image's
  std::vector<std::string> args;  // instead of the image's command
  std::vector<runtime::Volume> volumes;
  std::vector<std::string> listen;  // "address:port": opened by the agent, passed on
  runtime::Limits limits;
  bool user_namespace = true;
  bool read_only = false;
  std::uint64_t writable_limit = 0;  // bytes that a service may write to its root; 0: no bound
  bool writable_in_memory = false;   // … kept in memory, and bounded by the kernel
  std::string host_name;
  std::chrono::milliseconds stop_grace{10'000};
  update::CrashRules crashes;             // of a committed version
  std::optional<HealthCheckPlan> health;  // else the image's
  MqttConfig mqtt;
  ContentConfig content;
  std::vector<FirmwareConfig> firmware;
};

// `invalid` names the key that is wrong; an unknown key is wrong too.
Result<AgentConfig> load_config(const std::filesystem::path& file);
// After flags were applied: what must be there is, and the device id is one.
Result<void> check_config(const AgentConfig& config);

// "host:port", "[v6]:port", ":port" (all addresses).
struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};
std::optional<HostPort> parse_host_port(std::string_view text);
// "10G", "512K", "1000".
std::optional<std::uint64_t> parse_bytes(std::string_view text);
// "1.5s", "200ms", "2m", "30" (seconds); at most ten years.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

// The device's own word, else the image's labels `vnd.stratus.…`, else its OCI Healthcheck. `invalid`: what
// the image says cannot be read or is beyond the bounds above.
Result<HealthCheckPlan> health_of(const AgentConfig& config, const oci::ImageConfig& image);
// Whether all that the image says about its update (health, probation) is acceptable: asked before anything
// of it is fetched.
Result<void> check_claims(const AgentConfig& config, const oci::ImageConfig& image);
SwapOrder order_of(const AgentConfig& config, const oci::ImageConfig& image);
std::chrono::milliseconds probation_of(const AgentConfig& config, const oci::ImageConfig& image);

}  // namespace stratus::agent
