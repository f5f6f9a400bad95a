// Small things asked of one device that is there now: POST /api/v1/devices/{id}/commands. The command and the
// device's answer are events of the device; who watches is told of both. Nothing is kept for a device that is
// away, and the brokers drop what is older than kExpiry. Runs on the loop.
#pragma once

#include <chrono>
#include <cstdint>

#include "stratus/server/device_link.hpp"
#include "stratus/server/event_bus.hpp"
#include "stratus/server/router.hpp"

namespace stratus::server {

class DeviceCommands {
 public:
  static constexpr std::chrono::seconds kExpiry{60};

  // `bus` must outlive it.
  explicit DeviceCommands(EventBus& bus) : bus_(bus) {}

  void register_routes(Router& router);
  // Before the link runs, and it must outlive the requests. Without one every command is refused.
  void use(DeviceLink& link);

 private:
  net::Task<Result<void>> give(Call& call);

  EventBus& bus_;
  DeviceLink* link_ = nullptr;
  std::int64_t given_ = 0;  // tells commands of one millisecond apart
};

}  // namespace stratus::server
