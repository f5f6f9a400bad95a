// What a device tells about an update (docs/formats/messages.md). A report counts only once whoever took it
// has stored it durably and said so; until then the device keeps it and sends it again, so `sequence` tells
// repeats.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/base/digest.hpp"
#include "stratus/base/result.hpp"

namespace stratus::wire {

// One content that a device shows.
struct ShownContent {
  std::string id;
  Digest manifest;

  bool operator==(const ShownContent&) const = default;
};

struct DeviceReport {
  std::string device;
  std::uint64_t sequence = 0;  // grows by one with each report of the device
  std::string name;            // the image that the device follows
  std::string state;           // a state of docs/device-states.md: "committed", "rolled_back", "failed", …
  std::string version;         // what the update was about
  Digest target;               // its manifest; empty when nothing was attempted
  Digest running;              // manifest of what runs now; empty when nothing does
  std::string running_version;
  std::string reason;             // why, for rolled_back, failed and cancelled; in English, one line
  std::string plan;               // "delta", "layers", "full"
  std::uint64_t bytes = 0;        // fetched for the update, bodies and heads
  std::uint64_t duration_ms = 0;  // from learning of the release to this state
  std::uint64_t downtime_ms = 0;  // without a healthy process, by the device's own watch
  std::uint64_t time_ms = 0;      // device clock, since 1970 UTC
  // Only of rolled_back: for how long the device leaves this release alone. None: it never takes it again by
  // itself (it found the release bad, or is of a kind that does not say).
  std::optional<std::uint64_t> retry_after_ms;
  // Only in reports about contents: everything that the device shows now, in its order.
  std::optional<std::vector<ShownContent>> shown;

  static constexpr std::size_t kMaxEncoded = 16u << 10;  // bytes
  static constexpr std::size_t kMaxShown = 64;
  // Of every number: what a double still holds exactly, because browsers read them too.
  static constexpr std::uint64_t kMaxNumber = (1ull << 53) - 1;
  static constexpr std::uint64_t kMaxTime = 253'402'300'799'999;  // ms; the end of the year 9999
};

std::string encode_report(const DeviceReport& report);
Result<DeviceReport> parse_report(std::string_view text);

// Device ids: 1 to 64 of A–Z a–z 0–9 . _ : -, not starting with a dot.
bool is_device_id(std::string_view id);

}  // namespace stratus::wire
