// One message of a device after it was looked at: what it is, and how it is kept. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "stratus/base/result.hpp"

namespace stratus::server {

// How the server keeps what a message says, besides handing it to those who registered for its kind.
enum class Keep : std::uint8_t {
  metrics,   // a measurement
  event,     // a line of history
  progress,  // the newest replaces the one before
  presence,
  sample,    // sales/data: the device's own business, as it is
  report,    // the result of an update: an event, and the report inside goes to the catalogue
  question,  // answered, not kept
  handled,   // only for those who registered
};

struct DeviceMessage {
  std::string device;
  std::string gateway;  // that passed it on, or ""
  std::string kind;     // the topic below the device: "update/progress"
  std::string body;     // checked JSON
  Keep keep = Keep::event;
  std::uint64_t seq = 0;     // 0: the device does not wait to hear that it is stored
  std::int64_t time_ms = 0;  // by the device's clock where that is believable, else by ours
  std::int64_t received_ms = 0;
};

// Fills in keep, seq and time_ms and brings metrics into their plain form. `invalid` says what is wrong with
// the body, `not_found` that nothing like this is known. The device, gateway, kind, body and received_ms are
// given.
Result<void> check_message(DeviceMessage& message);

}  // namespace stratus::server
