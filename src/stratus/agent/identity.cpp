#include "stratus/agent/identity.hpp"

#include <algorithm>
#include <random>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "stratus/agent/mqtt_link.hpp"
#include "stratus/base/log.hpp"
#include "stratus/crypto/message_signature.hpp"
#include "stratus/net/enrolment_client.hpp"
#include "stratus/net/loop.hpp"
#include "stratus/update/pacing.hpp"

namespace stratus::agent {

using namespace std::chrono_literals;

namespace {

constexpr update::BackOff kRenewalBackOff{1s, 1h};

net::IdentityFiles files_of(const std::filesystem::path& data) {
  return net::IdentityFiles(data / "identity");
}

}  // namespace

std::filesystem::path identity_file(const AgentConfig& config) {
  auto file = files_of(config.data).directory() / "identity.pem";
  if (::access(file.c_str(), R_OK) != 0) file.clear();
  return file;
}

Result<AgentConfig> adopt_identity(AgentConfig config) {
  if (config.data.empty()) return config;
  const net::IdentityFiles files = files_of(config.data);
  STRATUS_TRY(own, files.load());
  if (!own) return config;
  if (config.device.empty()) config.device = own->device;
  if (config.device != own->device) {
    return fail(ErrorCode::conflict,
                fmt::format("this device was enrolled as {}, not as {}", own->device, config.device));
  }
  if (config.server.empty()) config.server = own->server;
  STRATUS_TRY(trust, files.trust_with(config.ca_file));
  config.ca_file = std::move(trust);
  if (config.mqtt.certificate.empty()) config.mqtt.certificate = config.mqtt.key = own->file;
  if (config.mqtt.ca_file.empty()) config.mqtt.ca_file = config.ca_file;
  return config;
}

Result<std::string> sign(const AgentConfig& config, std::string_view kind, std::uint64_t counter,
                         std::string_view body) {
  const auto file = identity_file(config);
  if (file.empty()) return std::string();
  STRATUS_TRY(key, crypto::SigningKey::load(file));  // read anew: it changes with each renewal
  return crypto::sign_message(key, {config.device, kind, counter}, body);
}

namespace {

net::Task<Result<net::OwnIdentity>> renew(net::Executor executor, const AgentConfig& config,
                                          net::IdentityFiles files, MqttLink* mqtt) {
  if (mqtt != nullptr) {
    auto renewed = co_await mqtt->renew(files);
    if (renewed) log::info("agent", "renewed the certificate over MQTT");
    if (renewed || renewed.error().code() == ErrorCode::cancelled) co_return renewed;
    log::debug("agent", "over MQTT: {}", renewed.error().text());
  }
  co_return co_await net::renew(executor, files, config.server, config.ca_file);
}

}  // namespace

// Failing is no reason to stop: the old one goes on, and after its end it is still good for this.
net::Task<void> keep_identity(net::Executor executor, const AgentConfig& config, Notifier& stopped,
                              const bool& stopping, MqttLink* mqtt) {
  const net::IdentityFiles files = files_of(config.data);
  std::mt19937_64 random{std::random_device{}()};
  unsigned failures = 0;
  while (!stopping) {
    const auto own = files.load();
    const WallTime now = system_clock().wall();
    Millis pause = 1min;
    if (own && *own && now < (*own)->renew_after) {
      pause = std::clamp<Millis>((*own)->renew_after - now, 100ms, 1min);
    } else if (own && *own) {
      auto renewed = co_await renew(executor, config, files, mqtt);
      if (renewed) {
        failures = 0;
        log::info("agent", "the certificate is good until {} now", format_time(renewed->not_after));
        // A session with a certificate of the operator's own keeps it: that one is the same as before.
        const bool is_own = config.mqtt.certificate == (*own)->file;
        if (mqtt != nullptr && is_own) mqtt->use_fresh_certificate();
        continue;
      }
      const double chance = std::generate_canonical<double, 32>(random);
      pause = update::back_off_delay(kRenewalBackOff, ++failures, chance);
      log::warning("agent", "cannot renew the certificate (good until {}): {}",
                   format_time((*own)->not_after), renewed.error().text());
    }
    co_await stopped.wait(pause);
  }
}

Result<void> enrol(const EnrolCommand& command) {
  net::EnrolOptions options;
  options.server = command.server;
  while (options.server.ends_with('/')) options.server.pop_back();
  options.mqtt = command.mqtt;
  if (options.server.empty() && options.mqtt.empty())
    return fail(ErrorCode::invalid, "--server or --mqtt: where to enrol");
  options.code = command.code;
  options.device = command.device;
  options.ca_file = command.ca;
  options.ca_fingerprint = command.ca_fingerprint;
  std::optional<net::OwnIdentity> own;
  net::Loop loop;
  const std::function<net::Task<Result<void>>()> run = [&]() -> net::Task<Result<void>> {
    auto enrolled = co_await net::enrol(loop.executor(), files_of(command.data), options);
    if (!enrolled) co_return forward_error(std::move(enrolled));
    own = std::move(*enrolled);
    co_return Result<void>();
  };
  STRATUS_CHECK(loop.run(run()));
  const std::string until = format_time(own->not_after);
  if (command.json) {
    fmt::print("{}\n", boost::json::serialize(boost::json::object{
                           {"device", own->device}, {"kind", own->kind}, {"not_after", until}}));
  } else {
    fmt::print("this is {} now, with a certificate good until {}\n", own->device, until);
  }
  return {};
}

}  // namespace stratus::agent
