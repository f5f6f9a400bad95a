#include "stratus/agent/mqtt_link.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include "stratus/base/clock.hpp"
#include "stratus/base/json.hpp"
#include "stratus/base/log.hpp"
#include "stratus/runtime/process.hpp"
#include "stratus/wire/topics.hpp"

namespace stratus::agent {
namespace {

namespace json = boost::json;

constexpr Millis kLook{1'000};  // how often the agent's state is looked at

std::uint64_t now_ms() {
  return static_cast<std::uint64_t>(system_clock().wall().time_since_epoch().count());
}

std::string text_at(const json::object& object, std::string_view key) {
  const json::value* const found = object.if_contains(key);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

std::uint64_t number_at(const json::object& object, std::string_view key) {
  const json::value* const found = object.if_contains(key);
  return found != nullptr && found->is_number() ? found->to_number<std::uint64_t>() : 0;
}

// What the agent's own status says; an empty object when it cannot be read.
json::object state_of(const Agent& agent) {
  const auto value = parse_json(agent.status(), 1u << 20);
  return value && value->is_object() ? value->get_object() : json::object();
}

// The manifest of what runs; empty when nothing does.
Digest running_of(const json::object& state) {
  const json::value* const current = state.if_contains("current");
  if (current == nullptr || !current->is_object()) return {};
  const auto digest = Digest::parse(text_at(current->get_object(), "manifest"));
  return digest ? *digest : Digest();
}

}  // namespace

Result<std::unique_ptr<MqttLink>> MqttLink::make(net::Executor executor, const AgentConfig& config,
                                                 Agent& agent) {
  net::MqttOptions options;
  STRATUS_TRY(endpoint, net::parse_mqtt_endpoint(config.mqtt.broker));
  options.endpoint = endpoint;
  options.ca_file = config.mqtt.ca_file.empty() ? config.ca_file : config.mqtt.ca_file;
  options.certificate = config.mqtt.certificate;
  options.key = config.mqtt.key;
  options.session.client_id = config.device;
  options.session.session_expiry = 60;
  options.session.keep_alive = 60;
  wire::mqtt::WillMessage will;
  will.topic = wire::device_topic(config.device, "presence");
  will.payload = wire::encode_presence(wire::Presence{});
  will.retain = true;
  options.session.will = will;
  return std::unique_ptr<MqttLink>(new MqttLink(std::move(executor), config, agent, std::move(options)));
}

MqttLink::MqttLink(net::Executor executor, const AgentConfig& config, Agent& agent, net::MqttOptions options)
    : config_(config),
      agent_(agent),
      metrics_(config.data),
      session_(executor, std::move(options), *this),
      tasks_(executor) {
  if (auto boot = runtime::boot_id()) boot_ = std::move(*boot);
  for (const char* const suffix : {"update/request/+", "update/cancel", "update/next/answer"})
    session_.subscribe(wire::device_topic(config_.device, suffix));
}

void MqttLink::start() {
  tasks_.spawn(session_.run());
  tasks_.spawn(watch());
}

net::Task<void> MqttLink::stop() { co_await tasks_.stop(); }

void MqttLink::say(std::string_view suffix, std::string body, bool retain) {
  wire::mqtt::PublishOptions how;
  how.retain = retain;
  const auto sent = session_.publish(wire::device_topic(config_.device, suffix), std::move(body), how);
  if (!sent) log::debug("mqtt", "{}: {}", suffix, sent.error().text());
}

void MqttLink::on_connected(bool /*session_present*/) {
  if (!was_connected_) log::info("mqtt", "connected to {}", config_.mqtt.broker);
  was_connected_ = true;
  wire::Presence here;
  here.online = true;
  here.boot = boot_;
  here.version = "0.1.0";
  here.envelope.time_ms = now_ms();
  say("presence", wire::encode_presence(here), true);
  // Whatever was said while we were away is asked for instead of guessed.
  wire::NextQuestion question;
  question.name = config_.image;
  question.have = running_of(state_of(agent_));
  say("update/next", wire::encode_next_question(question));
}

void MqttLink::on_disconnected(const Error& why) {
  if (was_connected_) log::warning("mqtt", "{}; polling goes on", why.text());
  was_connected_ = false;
}

void MqttLink::on_message(const wire::mqtt::Message& message) {
  const std::string_view body = as_text(message.payload);
  const auto topic = wire::parse_device_topic(message.topic);
  if (topic && topic->device == config_.device) {
    if (topic->suffix.starts_with("update/request/")) take_request(body);
    if (topic->suffix == "update/next/answer") take_answer(body);
    if (topic->suffix == "update/cancel") take_cancel(body);
  }
  session_.acknowledge(message.token);
}

void MqttLink::take_request(std::string_view body) {
  const auto request = wire::parse_update_request(body);
  if (!request)
    return log::warning("mqtt", "an update request that cannot be read: {}", request.error().text());
  wire::CommandAnswer answer;
  answer.envelope.time_ms = now_ms();
  answer.command = request->command;
  answer.status = "accepted";
  const bool expired = request->expires_ms != 0 && request->expires_ms < now_ms();
  if (expired) {
    answer.status = "rejected";
    answer.reason = "expired";
  }
  say("update/request/ack", wire::encode_command_answer(answer));
  if (expired) return;
  command_ = request->command;
  agent_.check_now();
}

void MqttLink::take_answer(std::string_view body) {
  const auto answer = wire::parse_update_request(body);
  if (!answer || answer->items.empty()) return;
  command_ = answer->command;
  agent_.check_now();
}

void MqttLink::take_cancel(std::string_view body) {
  const auto cancel = wire::parse_cancel(body);
  if (!cancel) return;
  agent_.cancel();
  wire::CommandAnswer answer;
  answer.envelope.time_ms = now_ms();
  answer.command = cancel->command;
  answer.status = "accepted";
  say("update/cancel/ack", wire::encode_command_answer(answer));
}

net::Task<void> MqttLink::watch() {
  SteadyTime next_sample = std::chrono::steady_clock::now();
  for (;;) {
    co_await net::sleep_for(kLook);
    if (!session_.connected()) continue;
    tell_progress();
    const SteadyTime now = std::chrono::steady_clock::now();
    if (now < next_sample) continue;
    next_sample = now + config_.mqtt.metrics;
    wire::MetricSample sample;
    sample.envelope.time_ms = now_ms();
    sample.values = metrics_.sample();
    say("status/system", wire::encode_metrics(sample));
  }
}

void MqttLink::tell_progress() {
  const json::object state = state_of(agent_);
  wire::UpdateProgress progress;
  progress.state = text_at(state, "state");
  const bool nothing = progress.state.empty() || progress.state == "idle" || progress.state == "checking";
  if (nothing && last_progress_.empty()) return;
  progress.command = command_;
  progress.name = config_.image;
  progress.bytes = number_at(state, "bytes");
  progress.total = number_at(state, "planned_bytes");
  if (progress.total > 0) {
    progress.percent =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(100, progress.bytes * 100 / progress.total));
    progress.speed = progress.bytes > last_bytes_ ? progress.bytes - last_bytes_ : 0;  // since a second ago
    if (progress.speed > 0 && progress.total > progress.bytes)
      progress.eta_s = (progress.total - progress.bytes) / progress.speed;
  }
  last_bytes_ = progress.bytes;
  const std::string told = wire::encode_progress(progress);
  if (told == last_progress_) return;
  last_progress_ = nothing ? std::string() : told;
  progress.envelope.time_ms = now_ms();
  say("update/progress", wire::encode_progress(progress));
}

}  // namespace stratus::agent
