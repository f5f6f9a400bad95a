// What a gateway can be told (docs/operations/gateway.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "stratus/base/clock.hpp"
#include "stratus/base/result.hpp"

namespace stratus::gateway {

struct GatewayConfig {
  std::string upstream;               // "https://updates.example:8443"
  std::filesystem::path upstream_ca;  // PEM; empty: the system's roots
  std::filesystem::path data;
  std::filesystem::path identity{};  // certificate and key towards the upstream; set by adopt_identity
  std::string enrol_code{};          // with which it enrols itself at the first start
  std::string listen = "0.0.0.0:8444";
  std::string mqtt_listen{};    // ADDR:PORT of the local MQTT broker; empty: none
  std::string mqtt_upstream{};  // "mqtts://updates.example:8883", the broker above
  bool plain_http = false;
  bool reuse_port = false;  // a successor may start beside us
  bool no_cache = false;
  std::uint64_t cache_size = 10'000'000'000;  // bytes of blobs
  std::uint64_t queue_size = 64u << 20;       // bytes of reports and data waiting
  Millis check_ttl{2'000};                    // how long an answer that may change is believed
  Millis revocation_check{15'000};            // how often the server is asked whom to turn away
  std::string name;                           // of this gateway, in logs and towards the upstream
  bool named = false;                         // by who started it; else a name is drawn once and kept
  Millis status_interval{30'000};             // between two words about itself; 0: it says nothing
  Millis stop_grace{10'000};
};

// "500", "64K", "1.5G", "2T": decimal units, an optional B after them.
Result<std::uint64_t> parse_byte_size(const std::string& text);

// Checks what is given and fills in what is not: the upstream's URL without its last slash, a name.
Result<void> complete(GatewayConfig& config);
// A name that was drawn is the same at the next start: DATA/name. Blocks.
Result<void> keep_name(GatewayConfig& config);
// 1 to 64 of A–Z a–z 0–9 . _ -, not starting with a dot.
bool is_gateway_name(std::string_view name);

}  // namespace stratus::gateway
