#include "stratus/server/enrolment_desk.hpp"

#include "stratus/base/log.hpp"
#include "stratus/net/listen_address.hpp"
#include "stratus/server/identity_messages.hpp"
#include "stratus/wire/enrolment.hpp"
#include "stratus/wire/topics.hpp"

namespace stratus::server {
namespace {

constexpr std::uint16_t kAnswering = 32;      // requests at once; the broker keeps what follows
constexpr std::uint32_t kAnswerExpiry = 120;  // seconds; who is away longer asks again

net::MqttOptions session_options(const net::Broker& broker) {
  net::MqttOptions options;
  options.endpoint = broker.own_endpoint();
  options.session.client_id = "/enrolment";  // with a '/', no topic of a client matches it
  options.session.receive_maximum = kAnswering;
  options.session.clean_start = true;
  options.session.max_queued = 1'000;
  options.session.max_queued_bytes = 8u << 20;
  options.first_backoff = Millis(50);
  options.longest_backoff = Millis(2'000);
  return options;
}

}  // namespace

Result<std::unique_ptr<EnrolmentDesk>> EnrolmentDesk::open(net::Executor loop, Identity& identity,
                                                           const std::filesystem::path& directory,
                                                           const std::filesystem::path& tls,
                                                           const MessagingConfig& config) {
  STRATUS_TRY(listen, net::parse_listen_address(config.enrol_listen).with_context("mqtt_enrol_listen"));
  net::BrokerConfig settings;
  settings.enrolment = true;
  settings.directory = directory;
  settings.address = listen.address;
  settings.port = listen.port;
  settings.certificate = settings.key = tls / "enrolment.pem";
  settings.max_connections = 1'000;
  settings.max_queued = 1'000;
  settings.max_queued_bytes = 4u << 20;
  settings.max_payload = wire::EnrolAnswer::kMaxEncoded;
  STRATUS_TRY(broker, net::Broker::make(loop, std::move(settings)));
  return std::unique_ptr<EnrolmentDesk>(new EnrolmentDesk(loop, identity, listen.address, std::move(broker)));
}

EnrolmentDesk::EnrolmentDesk(net::Executor loop, Identity& identity, std::string listen,
                             std::unique_ptr<net::Broker> broker)
    : identity_(identity),
      listen_(std::move(listen)),
      broker_(std::move(broker)),
      session_(loop, session_options(*broker_), *this),
      tasks_(loop) {
  session_.subscribe("v1/+/regist");
}

void EnrolmentDesk::start() {
  tasks_.spawn(broker_->run());
  tasks_.spawn(session_.run());
}

net::Task<void> EnrolmentDesk::stop() {
  co_await broker_->stop();
  co_await tasks_.stop();
}

std::string EnrolmentDesk::url() const {
  const std::string url = net::local_url(true, listen_, broker_->port());
  return "mqtts" + url.substr(url.find(':'));
}

std::string EnrolmentDesk::problem() const {
  if (!broker_->running()) return "enrolment broker: " + broker_->last_problem();
  return problem_.empty() ? "" : "enrolment broker: " + problem_;
}

void EnrolmentDesk::on_connected(bool /*session_present*/) { problem_.clear(); }

void EnrolmentDesk::on_message(const wire::mqtt::Message& message) {
  const auto topic = wire::parse_device_topic(message.topic);
  // With QoS 0 the window does not hold anybody back.
  if (!topic || topic->suffix != "regist" || message.payload.size() > wire::EnrolRequest::kMaxEncoded ||
      answering_ >= kAnswering) {
    session_.acknowledge(message.token);
    return;
  }
  ++answering_;
  tasks_.spawn(answer(std::string(topic->device), std::string(as_text(message.payload)), message.token));
}

// Acknowledged after the answer: what a dying server had not answered, the broker gives to its successor.
net::Task<void> EnrolmentDesk::answer(std::string client, std::string body, wire::mqtt::AckToken token) {
  std::string reply = co_await answer_enrolment(identity_, client, std::move(body));
  wire::mqtt::PublishOptions how;
  how.expiry = kAnswerExpiry;
  const auto sent = session_.publish(wire::device_topic(client, "regist/ack"), std::move(reply), how);
  if (!sent) log::warning("identity", "cannot answer {}: {}", client, sent.error().text());
  session_.acknowledge(token);
  --answering_;
}

}  // namespace stratus::server
