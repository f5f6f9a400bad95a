// MQTT in a server: the broker (our own, or one that others run) and the link to the devices, put together.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "stratus/base/metrics.hpp"
#include "stratus/net/mqtt_broker.hpp"
#include "stratus/server/device_link.hpp"
#include "stratus/server/messaging_config.hpp"

namespace stratus::server {

class Messaging {
 public:
  // `database` must outlive it. For our own broker the private CA of data/ca is made when it is not there,
  // and certifies the broker anew with each start.
  static Result<std::unique_ptr<Messaging>> open(net::Executor loop, db::Database& database,
                                                 const std::filesystem::path& data,
                                                 const MessagingConfig& config);

  DeviceLink& link() { return *link_; }
  void start();
  net::Task<void> stop();

  // Nothing of the device is taken any longer, its live session ends at once, and so does every one that it
  // manages to open while the broker reads its new lists. Only with our own broker: who runs another one
  // does this there (docs/operations/external-broker.md), and until then it hears no command any more.
  void shut_out(const std::string& device);
  // Who was shut out has a new certificate.
  void let_in(const std::string& device);
  // Ends the live session of a device that was replaced; with a good certificate it comes back.
  void cut(const std::string& device);
  // The revocation list changed.
  void reload();
  // Called when the broker's certificate was made anew.
  void on_certificate(std::function<void()> hook) { recertified_ = std::move(hook); }
  // Who may speak for the devices behind them, besides those of the configuration.
  void set_gateways(std::set<std::string> gateways);

  // Of our own broker: where its certificates are; "" without one.
  const std::filesystem::path& directory() const { return directory_; }
  // What devices on this machine connect to: "mqtts://127.0.0.1:8883".
  std::string url() const;
  // "" while everything is well.
  std::string problem() const;
  void add_metrics(Metrics& metrics) const;

 private:
  Messaging(net::Executor loop, MessagingConfig config)
      : loop_(loop), config_(std::move(config)), tasks_(loop) {}
  Result<void> make_broker();
  Result<void> write_certificates();
  void certify_again();
  net::Task<void> keep_certified();

  net::Executor loop_;
  MessagingConfig config_;
  std::filesystem::path ca_directory_;
  std::filesystem::path directory_;
  std::unique_ptr<net::Broker> broker_;
  std::unique_ptr<DeviceLink> link_;
  SteadyTime certified_{};
  std::function<void()> recertified_;
  net::TaskGroup tasks_;
};

}  // namespace stratus::server
