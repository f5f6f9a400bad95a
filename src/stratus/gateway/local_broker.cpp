#include "stratus/gateway/local_broker.hpp"

#include "stratus/base/file.hpp"
#include "stratus/base/log.hpp"
#include "stratus/net/identity_files.hpp"
#include "stratus/net/listen_address.hpp"

namespace stratus::gateway {
namespace {

constexpr Millis kLookAtList{60'000};
constexpr std::size_t kQueued = 10'000;  // messages for the upstream while it is away

}  // namespace

Result<std::unique_ptr<LocalBroker>> LocalBroker::open(net::Executor loop, const GatewayConfig& config,
                                                       Revocations& revocations) {
  STRATUS_TRY(listen, net::parse_listen_address(config.mqtt_listen).with_context("--mqtt-listen"));
  STRATUS_TRY(upstream, net::parse_mqtt_endpoint(config.mqtt_upstream).with_context("--mqtt-upstream"));
  if (upstream.kind != net::MqttEndpoint::Kind::tls)
    return fail(ErrorCode::invalid, "--mqtt-upstream: mqtts://HOST:PORT, where this gateway shows who it is");
  STRATUS_TRY(own, net::IdentityFiles(config.data / "identity").load());
  if (!own) return fail(ErrorCode::not_found, "this gateway has no identity");
  const auto directory = std::filesystem::absolute(config.data / "mqtt");
  STRATUS_CHECK(make_directories(directory));
  STRATUS_CHECK(write_file_atomically(directory / "ca.pem", revocations.client_ca()));
  net::BrokerConfig settings;
  settings.directory = directory;
  settings.address = listen.address;
  settings.port = listen.port;
  settings.ca_file = directory / "ca.pem";
  // Replaced in one step by a renewal, key and certificate together.
  settings.certificate = settings.key = std::filesystem::absolute(own->file);
  settings.crl = directory / "crl.pem";
  net::BrokerBridge bridge;
  bridge.host = upstream.host;
  bridge.port = upstream.port;
  bridge.name = own->device;
  bridge.ca_file = directory / "ca.pem";
  bridge.certificate = bridge.key = settings.certificate;
  bridge.max_queued = kQueued;
  settings.max_queued = kQueued;
  settings.bridges.push_back(std::move(bridge));
  const std::filesystem::path list = settings.crl;
  STRATUS_TRY(broker, net::Broker::make(loop, std::move(settings)));
  return std::unique_ptr<LocalBroker>(
      new LocalBroker(loop, listen.address, list, revocations, std::move(broker)));
}

LocalBroker::LocalBroker(net::Executor loop, std::string address, std::filesystem::path list,
                         Revocations& revocations, std::unique_ptr<net::Broker> broker)
    : address_(std::move(address)),
      list_(std::move(list)),
      revocations_(revocations),
      broker_(std::move(broker)),
      changed_(loop),
      tasks_(loop) {
  revocations_.on_change([this](const std::vector<std::string>& fresh) { apply(fresh); });
  if (revocations_.known()) apply({});
}

void LocalBroker::apply(const std::vector<std::string>& fresh) {
  net::BrokerAccess access;
  access.denied = {revocations_.current().devices.begin(), revocations_.current().devices.end()};
  // Either of them alone turns somebody away.
  const auto written = write_file_atomically(list_, revocations_.current().list, 0644);
  const auto taken = broker_->set_access(std::move(access));
  const bool in_effect = written && taken;
  if (!in_effect && in_effect_)
    log::error("mqtt", "revocations are not in effect here, trying again: {}",
               (written ? taken : written).error().text());
  in_effect_ = in_effect;
  for (const std::string& device : fresh) tasks_.spawn(net::cut_for_good(*broker_, device));
  changed_.notify_all();
}

void LocalBroker::start() {
  tasks_.spawn(run());
  tasks_.spawn(watch_list());
}

net::Task<void> LocalBroker::stop() {
  co_await broker_->stop();
  co_await tasks_.stop();
}

// Without a list mosquitto does not start, and should not.
net::Task<void> LocalBroker::run() {
  while (!revocations_.known()) {
    co_await changed_.wait();
  }
  co_await broker_->run();
}

// Cut off for longer than the list's life, mosquitto would refuse every device, good ones too. The names of
// those that are shut out hold further on.
net::Task<void> LocalBroker::watch_list() {
  for (;;) {
    if (!in_effect_) apply(revocations_.current().devices);
    const auto& times = revocations_.times();
    const bool over = times && times->next_update - kLookAtList <= system_clock().wall();
    if (over != list_over_) {
      if (over)
        log::error("mqtt",
                   "the revocation list is over: going on with the names that are known to be shut out");
      const auto changed = broker_->set_revocation_list(over ? std::filesystem::path() : list_);
      if (!changed) log::error("mqtt", "{}", changed.error().text());
      list_over_ = over;
    }
    co_await net::sleep_for(kLookAtList);
  }
}

std::string LocalBroker::url() const {
  const std::string url = net::local_url(true, address_, broker_->port());
  return "mqtts" + url.substr(url.find(':'));
}

void LocalBroker::add_metrics(Metrics& metrics) const {
  using enum Metrics::Kind;
  metrics.add(gauge, "stratus_gateway_broker_up", "1 while the local MQTT broker runs.",
              broker_->running() ? 1u : 0u);
  metrics.add(counter, "stratus_gateway_broker_restarts_total", "Times that it was started again.",
              broker_->restarts());
}

}  // namespace stratus::gateway
