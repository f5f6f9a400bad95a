// The gateway's own MQTT broker: devices behind it use one address, and a bridge carries their messages to
// the server's broker and commands back, under this gateway's name (docs/formats/mqtt.md). Cut off, messages
// queue in memory up to a bound; a device repeats what matters until the server said that it is stored.
// Belongs to the loop's thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "stratus/base/metrics.hpp"
#include "stratus/gateway/config.hpp"
#include "stratus/gateway/revocations.hpp"
#include "stratus/net/loop.hpp"
#include "stratus/net/mqtt_broker.hpp"

namespace stratus::gateway {

class LocalBroker {
 public:
  // For config.mqtt_listen; the gateway must be enrolled. `revocations` must outlive it. Blocks.
  static Result<std::unique_ptr<LocalBroker>> open(net::Executor loop, const GatewayConfig& config,
                                                   Revocations& revocations);
  // Starts mosquitto once it is known whom to turn away.
  void start();
  net::Task<void> stop();
  // This gateway's certificate was renewed.
  void reload() { broker_->reload(); }

  std::string url() const;  // "mqtts://127.0.0.1:8883"
  void add_metrics(Metrics& metrics) const;

 private:
  LocalBroker(net::Executor loop, std::string address, std::filesystem::path list, Revocations& revocations,
              std::unique_ptr<net::Broker> broker);
  void apply(const std::vector<std::string>& fresh);
  net::Task<void> run();
  net::Task<void> watch_list();

  std::string address_;
  std::filesystem::path list_;  // a copy for mosquitto
  Revocations& revocations_;
  std::unique_ptr<net::Broker> broker_;
  net::Notifier changed_;
  net::TaskGroup tasks_;
  bool list_over_ = false;
  bool in_effect_ = true;  // the newest list is with the broker
};

}  // namespace stratus::gateway
