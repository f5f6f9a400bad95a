// What a gateway says about itself to its server every now and then (docs/formats/messages.md): a JSON
// object. Counters are since its start, which `boot` names.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/base/result.hpp"

namespace stratus::wire {

struct GatewayStatus {
  std::string boot;               // hex, drawn at each start
  std::string version;            // of the program
  std::uint64_t interval_ms = 0;  // until its next word
  std::uint64_t uptime_ms = 0;
  std::uint64_t cache_bytes = 0, cache_limit = 0, cache_blobs = 0;  // no cache: all 0
  // Blobs that devices asked for: from the disk, from a transfer that was running, fetched, passed through.
  std::uint64_t hits = 0, joined = 0, misses = 0, passed = 0;
  std::uint64_t upstream_received = 0, upstream_sent = 0;  // bytes, heads included
  std::uint64_t downstream_sent = 0;
  std::uint64_t queue_messages = 0, queue_bytes = 0;  // of devices, waiting for the upstream
  std::uint64_t evictions = 0, corrupt = 0, disk_full = 0;
  // Some devices that were heard since its last word; the others come in words of their own.
  std::vector<std::string> devices;

  static constexpr std::size_t kMaxDevices = 500;
  static constexpr std::size_t kMaxEncoded = 48u << 10;                           // bytes
  static constexpr std::uint64_t kMinInterval = 1'000, kMaxInterval = 3'600'000;  // ms
};

std::string encode_gateway_status(const GatewayStatus& status);
Result<GatewayStatus> parse_gateway_status(std::string_view text);

}  // namespace stratus::wire
