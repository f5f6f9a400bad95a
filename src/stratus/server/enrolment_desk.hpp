// Enrolment over MQTT (`regist` → `regist/ack`), for devices without HTTPS: a broker of its own, apart from
// the fleet's, which asks nobody for a certificate. Whatever strangers do there reaches no device: not its
// client ids, not its memory, not its connections.
//
// Bounds: requests being answered (the broker holds back what follows), guesses (Identity), and what the
// broker's configuration says. Runs on the loop.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "stratus/net/loop.hpp"
#include "stratus/net/mqtt_broker.hpp"
#include "stratus/server/identity.hpp"
#include "stratus/server/messaging_config.hpp"

namespace stratus::server {

class EnrolmentDesk final : private net::MqttEvents {
 public:
  // `directory`: of its broker. `tls`: where Messaging keeps its certificates. `identity` must
  // outlive it.
  static Result<std::unique_ptr<EnrolmentDesk>> open(net::Executor loop, Identity& identity,
                                                     const std::filesystem::path& directory,
                                                     const std::filesystem::path& tls,
                                                     const MessagingConfig& config);
  void start();
  net::Task<void> stop();

  // The certificates changed.
  void reload() { broker_->reload(); }
  std::string url() const;      // "mqtts://127.0.0.1:8884"
  std::string problem() const;  // "" while everything is well

 private:
  EnrolmentDesk(net::Executor loop, Identity& identity, std::string listen,
                std::unique_ptr<net::Broker> broker);
  void on_connected(bool session_present) override;
  void on_message(const wire::mqtt::Message& message) override;
  void on_disconnected(const Error& why) override { problem_ = why.text(); }
  net::Task<void> answer(std::string client, std::string body, wire::mqtt::AckToken token);

  Identity& identity_;
  std::string listen_;
  std::unique_ptr<net::Broker> broker_;
  net::MqttSession session_;
  net::TaskGroup tasks_;
  std::size_t answering_ = 0;
  std::string problem_;
};

}  // namespace stratus::server
