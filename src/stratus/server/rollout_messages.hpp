// Rollouts over MQTT: calls to devices whose turn came, cancellations, and what devices say about them. A
// call is a nudge: the device then asks for the release over HTTPS, and that question is what counts. Who
// watches is told of a report once it is stored and its rollout has heard it. Runs on the loop.
#pragma once

#include "stratus/server/device_link.hpp"
#include "stratus/server/event_bus.hpp"
#include "stratus/server/rollouts.hpp"

namespace stratus::server {

class RolloutMessages {
 public:
  // All must outlive it. Registers with the link; before the link runs.
  RolloutMessages(net::Executor loop, DeviceLink& link, Rollouts& rollouts, EventBus& bus);
  net::Task<void> stop() { co_await tasks_.stop(); }

 private:
  net::Task<void> hear(std::string device, rollout::DeviceNews news);
  net::Task<void> hear_stopped(std::string device, std::string rollout);
  net::Task<void> hear_report(wire::DeviceReport report);

  DeviceLink& link_;
  Rollouts& rollouts_;
  EventBus& bus_;
  net::TaskGroup tasks_;
};

}  // namespace stratus::server
