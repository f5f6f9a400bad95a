// What a server can be told about MQTT; the names in the file are in docs/operations/server.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace stratus::server {

struct MessagingConfig {
  std::string listen;              // ADDR:PORT of our own broker; port 0: any; empty: none
  std::string enrol_listen;        // ADDR:PORT where devices without a certificate enrol; empty: nowhere
  std::vector<std::string> names;  // DNS names and addresses of our broker, besides this machine's own
  std::string broker_url;          // of a broker that others run, instead: mqtts://HOST:PORT
  std::filesystem::path broker_ca, broker_certificate, broker_key;  // for that one
  std::vector<std::string> gateways;  // names that may speak for the devices behind them
  std::uint32_t commands_per_second = 2'000;
  double messages_per_second = 50;  // of one device
  double message_burst = 500;
  std::chrono::hours keep_metrics{30 * 24};
  std::chrono::hours keep_events{90 * 24};

  bool enabled() const { return !listen.empty() || !broker_url.empty(); }
};

}  // namespace stratus::server
