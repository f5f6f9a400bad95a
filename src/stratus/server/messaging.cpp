#include "stratus/server/messaging.hpp"

#include "stratus/base/file.hpp"
#include "stratus/base/log.hpp"
#include "stratus/crypto/certificate.hpp"
#include "stratus/crypto/certificate_authority.hpp"
#include "stratus/net/listen_address.hpp"
#include "stratus/server/catalogue_writes.hpp"

namespace stratus::server {
namespace {

constexpr std::chrono::hours kCertifyAgain{30 * 24};  // a third of a certificate's life
constexpr Millis kLookAtCertificate{60'000};

}  // namespace

Result<std::unique_ptr<Messaging>> Messaging::open(net::Executor loop, db::Database& database,
                                                   const std::filesystem::path& data,
                                                   const MessagingConfig& config) {
  std::unique_ptr<Messaging> made(new Messaging(loop, config));
  DeviceLinkOptions options;
  options.commands_per_second = config.commands_per_second;
  options.messages_per_second = config.messages_per_second;
  options.message_burst = config.message_burst;
  options.session.session.client_id = "/stratus-server";  // no device's certificate can name it
  if (config.broker_url.empty()) {
    made->ca_directory_ = std::filesystem::absolute(data / "ca");
    made->directory_ = std::filesystem::absolute(data / "mqtt");
    STRATUS_CHECK(made->make_broker());
    options.numbers_in_order = true;  // mosquitto
    options.session.endpoint = made->broker_->bulk_endpoint();
    options.session.ca_file = made->directory_ / "ca.pem";
  } else {
    STRATUS_TRY(endpoint, net::parse_mqtt_endpoint(config.broker_url));
    options.session.endpoint = endpoint;
    options.session.ca_file = config.broker_ca;
    options.session.certificate = config.broker_certificate;
    options.session.key = config.broker_key;
  }
  made->link_ = std::make_unique<DeviceLink>(loop, database, std::move(options));
  return made;
}

Result<void> Messaging::make_broker() {
  STRATUS_TRY(listen, net::parse_listen_address(config_.listen));
  STRATUS_CHECK(make_directories(directory_));
  STRATUS_CHECK(write_certificates());
  net::BrokerConfig broker;
  broker.directory = directory_;
  broker.address = listen.address;
  broker.port = listen.port;
  broker.ca_file = directory_ / "ca.pem";
  broker.certificate = broker.key = directory_ / "broker.pem";
  const std::filesystem::path list = ca_directory_ / "crl.pem";
  if (std::filesystem::exists(list)) broker.crl = list;
  STRATUS_TRY(made, net::Broker::make(loop_, std::move(broker)));
  broker_ = std::move(made);
  net::BrokerAccess access;
  access.gateways = {config_.gateways.begin(), config_.gateways.end()};
  return broker_->set_access(std::move(access));
}

// A key and certificate of the broker's own: HTTPS may have a certificate from elsewhere, but devices know
// the private CA only.
Result<void> Messaging::write_certificates() {
  crypto::AuthorityOptions options;
  options.now = system_clock().wall();
  STRATUS_TRY(authority, crypto::CertificateAuthority::open_or_make(ca_directory_, options));
  STRATUS_TRY(key, crypto::SigningKey::generate());
  crypto::CertificateProfile profile;
  profile.kind = crypto::CertificateKind::server;
  profile.common_name = "stratus-broker";
  profile.names = crypto::default_server_names();
  profile.names.insert(profile.names.end(), config_.names.begin(), config_.names.end());
  profile.now = options.now;
  STRATUS_TRY(issued, authority.issue(key.public_key(), profile));
  STRATUS_CHECK(
      write_file_atomically(directory_ / "ca.pem", authority.intermediate_pem() + authority.root_pem()));
  // Key and certificate in one file, replaced in one step: mosquitto may be told to read it at any time, and
  // a key that does not fit would end all its handshakes.
  const std::string both = key.pem() + issued.pem + authority.intermediate_pem();
  STRATUS_CHECK(write_file_atomically(directory_ / "broker.pem", both, 0600));
  // With the root, so that who enrols can look for the fingerprint that it was given.
  STRATUS_CHECK(write_file_atomically(directory_ / "enrolment.pem", both + authority.root_pem(), 0600));
  certified_ = system_clock().steady();
  return {};
}

void Messaging::start() {
  if (broker_) tasks_.spawn(broker_->run());
  if (broker_) tasks_.spawn(keep_certified());
  link_->start();
}

net::Task<void> Messaging::stop() {
  co_await link_->stop();
  if (broker_) co_await broker_->stop();
  co_await tasks_.stop();
}

void Messaging::shut_out(const std::string& device) {
  if (!broker_) return;
  net::BrokerAccess access = broker_->access();
  access.denied.insert(device);
  const auto written = broker_->set_access(std::move(access));
  if (!written) log::error("mqtt", "cannot shut {} out: {}", device, written.error().text());
  tasks_.spawn(net::cut_for_good(*broker_, device));
}

void Messaging::let_in(const std::string& device) {
  if (!broker_ || !broker_->access().denied.contains(device)) return;
  net::BrokerAccess access = broker_->access();
  access.denied.erase(device);
  const auto written = broker_->set_access(std::move(access));
  if (!written) log::error("mqtt", "cannot let {} in again: {}", device, written.error().text());
}

void Messaging::cut(const std::string& device) {
  if (broker_) tasks_.spawn(net::cut_for_good(*broker_, device));
}

void Messaging::reload() {
  if (broker_) broker_->reload();
}

void Messaging::certify_again() {
  const auto written = write_certificates();
  if (!written) return log::error("mqtt", "{}", written.error().text());
  broker_->reload();
  if (recertified_) recertified_();
}

void Messaging::set_gateways(std::set<std::string> gateways) {
  gateways.insert(config_.gateways.begin(), config_.gateways.end());
  if (!broker_ || broker_->access().gateways == gateways) return;
  net::BrokerAccess access = broker_->access();
  access.gateways = std::move(gateways);
  const auto written = broker_->set_access(std::move(access));
  if (!written) log::error("mqtt", "{}", written.error().text());
}

std::string Messaging::url() const {
  if (!broker_) return config_.broker_url;
  const auto listen = net::parse_listen_address(config_.listen);
  std::string url = net::local_url(true, listen ? listen->address : "127.0.0.1", broker_->port());
  return "mqtts" + url.substr(url.find(':'));
}

std::string Messaging::problem() const {
  if (broker_ && !broker_->running()) return "broker: " + broker_->last_problem();
  if (!link_->problem().empty()) return "broker: " + link_->problem();
  if (!link_->ingest().problem().empty()) return "messages wait: " + link_->ingest().problem();
  return {};
}

net::Task<void> Messaging::keep_certified() {
  for (;;) {
    co_await net::sleep_for(kLookAtCertificate);
    if (system_clock().steady() - certified_ > kCertifyAgain) certify_again();
  }
}

void Messaging::add_metrics(Metrics& metrics) const {
  using enum Metrics::Kind;
  const DeviceLinkCounters& link = link_->counters();
  const IngestCounters& ingest = link_->ingest().counters();
  metrics.add(gauge, "stratus_mqtt_connected", "1 while the server has its session with the broker.",
              link_->connected() ? 1u : 0u);
  metrics.add(counter, "stratus_mqtt_broker_restarts_total", "Times that our broker was started again.",
              broker_ ? broker_->restarts() : 0u);
  metrics.add(gauge, "stratus_mqtt_devices_online", "Devices that say so.", link_->online());
  constexpr std::string_view messages = "Messages from devices by what became of them.";
  metrics.add(counter, "stratus_messages_total", messages, ingest.stored, {{"outcome", "stored"}});
  metrics.add(counter, "stratus_messages_total", messages, ingest.refused, {{"outcome", "refused"}});
  metrics.add(counter, "stratus_messages_total", messages, link.malformed, {{"outcome", "malformed"}});
  metrics.add(counter, "stratus_messages_total", messages, link.over_quota, {{"outcome", "over_quota"}});
  metrics.add(counter, "stratus_messages_total", messages, link.unproven, {{"outcome", "unproven"}});
  metrics.add(counter, "stratus_messages_total", messages, link.retained, {{"outcome", "old"}});
  metrics.add(counter, "stratus_messages_total", messages, link.dropped, {{"outcome", "dropped"}});
  metrics.add(counter, "stratus_messages_total", messages, link.questions, {{"outcome", "answered"}});
  metrics.add(counter, "stratus_messages_total", messages, link_->thrown_away(),
              {{"outcome", "thrown_away"}});
  metrics.add(gauge, "stratus_messages_waiting", "Messages that are not stored yet.", link_->waiting());
  metrics.add(counter, "stratus_message_batches_total", "Transactions that stored messages.", ingest.batches);
  metrics.add(counter, "stratus_message_batches_failed_total", "Those that the database did not take.",
              ingest.failed_batches);
  metrics.add(counter, "stratus_commands_total", "Commands handed to the broker.", link.commands);
  metrics.add(gauge, "stratus_commands_waiting", "Commands that wait for their turn.",
              link_->commands_waiting());
}

}  // namespace stratus::server
