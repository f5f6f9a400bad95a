#include "stratus/agent/mqtt_link.hpp"

#include <algorithm>
#include <span>

#include <boost/json.hpp>

#include "stratus/agent/control_command.hpp"
#include "stratus/agent/identity.hpp"
#include "stratus/base/clock.hpp"
#include "stratus/base/json.hpp"
#include "stratus/base/log.hpp"
#include "stratus/crypto/message_signature.hpp"
#include "stratus/net/enrolment_client.hpp"
#include "stratus/runtime/process.hpp"
#include "stratus/wire/topics.hpp"

namespace stratus::agent {
namespace {

namespace json = boost::json;

constexpr Millis kStateLook{1'000};  // how often the agent's state is looked at
constexpr Millis kPatience{20'000};  // for a certificate
constexpr std::size_t kMaxCancels = 16;
constexpr std::size_t kMaxErrorsTold = 20;  // in one message: the server takes none above 64 KiB

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

// Everything that is kept up to date here, with its status: the image, contents, firmware.
template <class Visit>
void for_each_update(const json::object& state, const std::string& image, Visit visit) {
  visit(image, state);
  for (const auto& [key, value] : state) {
    if (key == "content" && value.is_object()) visit("content", value.get_object());
    if (key != "firmware" || !value.is_object()) continue;
    for (const auto& [name, about] : value.get_object())
      if (about.is_object()) visit("firmware/" + std::string(name), about.get_object());
  }
}

bool rests(const json::object& about) {
  const std::string state = text_at(about, "state");
  return state.empty() || state == "idle" || state == "checking";
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
      tasks_(executor),
      answered_(executor),
      unheard_(unix_ms()) {
  if (auto boot = runtime::boot_id()) boot_ = std::move(*boot);
  for (const char* const suffix : {"update/request/+", "update/cancel", "update/next/answer",
                                   "control/command", "cert/renew/response", "stored"})
    session_.subscribe(wire::device_topic(config_.device, suffix));
}

void MqttLink::start() {
  tasks_.spawn(session_.run());
  tasks_.spawn(watch());
}

net::Task<void> MqttLink::stop() {
  stopping_ = true;
  answered_.notify_all();
  co_await tasks_.stop();
}

net::Task<Result<net::OwnIdentity>> MqttLink::renew(net::IdentityFiles files) {
  if (!session_.connected()) co_return fail(ErrorCode::unavailable, "no connection to the broker");
  auto renewal = net::begin_renewal(files);
  if (!renewal) co_return forward_error(std::move(renewal));
  auto signature = crypto::sign_message(renewal->own.key, {config_.device, "renew", unix_ms()}, renewal->csr);
  if (!signature) co_return forward_error(std::move(signature));
  renewal_.reset();
  say("cert/renew/request", wire::encode_renew_request({renewal->csr, *signature}));
  const SteadyTime end = std::chrono::steady_clock::now() + kPatience;
  bool in_time = true;
  while (!renewal_ && in_time && !stopping_) {
    in_time = co_await answered_.wait_until(end);
  }
  if (stopping_) co_return fail(ErrorCode::cancelled, "the agent ends");
  if (!renewal_) co_return fail(ErrorCode::timeout, "no answer over MQTT");
  auto answer = wire::parse_enrol_reply(*std::exchange(renewal_, std::nullopt));
  if (!answer) co_return forward_error(std::move(answer));
  co_return net::finish_renewal(files, *renewal, *answer);
}

void MqttLink::say(std::string_view suffix, std::string body, bool retain) {
  wire::mqtt::PublishOptions how;
  how.retain = retain;
  const auto sent = session_.publish(wire::device_topic(config_.device, suffix), std::move(body), how);
  if (!sent) log::debug("mqtt", "{}: {}", suffix, sent.error().text());
}

void MqttLink::on_connected(bool /*session_present*/) {
  log::info("mqtt", "connected to {}", config_.mqtt.broker);
  trouble_.works();
  wire::Presence here;
  here.online = true;
  here.boot = boot_;
  here.version = "0.1.0";
  here.envelope.time_ms = unix_ms();
  say("presence", wire::encode_presence(here), true);
  unheard_.say_again();
  say_unheard();
  // Whatever was said while we were away is asked for instead of guessed.
  for_each_update(state_of(agent_), config_.image,
                  [this](const std::string& name, const json::object& about) {
                    wire::NextQuestion question;
                    question.name = name;
                    question.have = running_of(about);
                    say("update/next", wire::encode_next_question(question));
                  });
}

void MqttLink::on_disconnected(const Error& why) {
  if (trouble_.is_news(system_clock().steady()))
    log::warning("mqtt", "no connection to {}: {}; polling goes on, and so does trying", config_.mqtt.broker,
                 why.text());
}

void MqttLink::on_message(const wire::mqtt::Message& message) {
  const std::string_view body = as_text(message.payload);
  const auto topic = wire::parse_device_topic(message.topic);
  if (topic && topic->device == config_.device) {
    if (topic->suffix.starts_with("update/request/")) take_request(body);
    if (topic->suffix == "update/next/answer") take_answer(body);
    if (topic->suffix == "update/cancel") take_cancel(body);
    if (topic->suffix == "stored") {
      if (const auto word = wire::parse_stored(body)) unheard_.heard(*word);
    }
    if (topic->suffix == "control/command") take_control(body);
    if (topic->suffix == "cert/renew/response") {
      renewal_ = body;
      answered_.notify_all();
    }
  }
  session_.acknowledge(message.token);
}

void MqttLink::take_request(std::string_view body) {
  const auto request = wire::parse_update_request(body);
  if (!request)
    return log::warning("mqtt", "an update request that cannot be read: {}", request.error().text());
  wire::CommandAnswer answer;
  answer.envelope.time_ms = unix_ms();
  answer.command = request->command;
  answer.status = "accepted";
  const bool expired = request->expires_ms != 0 && request->expires_ms < unix_ms();
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
  std::set<std::string> names;
  for_each_update(state_of(agent_), config_.image, [&](const std::string& name, const json::object& about) {
    const bool meant = cancel->name.empty() || cancel->name == name;
    if (meant && !rests(about)) names.insert(name);
  });
  if (!agent_.cancel(cancel->name) || names.empty())
    return answer_cancel(cancel->command, "cancelled", "nothing was under way");
  std::erase_if(cancels_, [&](const Cancel& known) { return known.command == cancel->command; });
  if (cancels_.size() >= kMaxCancels) cancels_.erase(cancels_.begin());
  cancels_.push_back({cancel->command, std::move(names)});
}

void MqttLink::take_control(std::string_view body) {
  const auto command = wire::parse_control_command(body);
  if (!command) return log::warning("mqtt", "a command that cannot be read: {}", command.error().text());
  ControlDeeds deeds;
  deeds.check_now = [this] { agent_.check_now(); };
  deeds.report_metrics = [this] { tell_metrics(); };
  deeds.send_log = [this](std::vector<wire::LogEntry> lines) {
    say("log", wire::encode_log({{0, unix_ms()}, std::move(lines)}));
  };
  deeds.service_log = config_.data / "service.log";
  wire::CommandAnswer answer = obey(*command, deeds);
  answer.envelope.time_ms = unix_ms();
  say("control/response", wire::encode_command_answer(answer));
}

net::Task<void> MqttLink::watch() {
  SteadyTime next_sample = std::chrono::steady_clock::now();
  for (;;) {
    co_await net::sleep_for(kStateLook);
    if (!session_.connected()) continue;
    tell_progress();
    answer_cancels();
    tell_errors();
    say_unheard();
    const SteadyTime now = std::chrono::steady_clock::now();
    if (now < next_sample) continue;
    next_sample = now + config_.mqtt.metrics;
    tell_metrics();
  }
}

void MqttLink::tell_metrics() {
  wire::MetricSample sample;
  sample.envelope.time_ms = unix_ms();
  sample.values = metrics_.sample();
  say("status/system", wire::encode_metrics(sample));
}

void MqttLink::tell_progress() {
  for_each_update(
      state_of(agent_), config_.image,
      [this](const std::string& name, const json::object& about) { tell_progress_of(name, about); });
}

void MqttLink::tell_progress_of(const std::string& name, const json::object& about) {
  std::string& last = last_progress_[name];
  wire::UpdateProgress progress;
  progress.state = text_at(about, "state");
  const bool nothing = rests(about);
  if (nothing && last.empty()) return;
  progress.command = command_;
  progress.name = name;
  const json::value* const found = about.if_contains("transfer");
  if (found != nullptr && found->is_object()) {
    const json::object& transfer = found->get_object();
    progress.bytes = number_at(transfer, "bytes");
    progress.total = number_at(transfer, "total");
    progress.percent =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(100, number_at(transfer, "percent")));
    progress.speed = number_at(transfer, "speed");
    progress.eta_s = number_at(transfer, "eta_s");
  }
  const std::string told = wire::encode_progress(progress);
  if (told == last) return;
  last = nothing ? std::string() : told;
  progress.envelope.time_ms = unix_ms();
  say("update/progress", wire::encode_progress(progress));
}

void MqttLink::tell_errors() {
  const std::vector<wire::LogEntry> errors = agent_.take_errors();
  for (std::size_t begin = 0; begin < errors.size(); begin += kMaxErrorsTold) {
    const std::span<const wire::LogEntry> rest = std::span(errors).subspan(begin);
    const std::span<const wire::LogEntry> some = rest.first(std::min(rest.size(), kMaxErrorsTold));
    wire::LogMessage message;
    message.entries.assign(some.begin(), some.end());
    message.envelope = {unheard_.next_seq(), unix_ms()};
    unheard_.add(message.envelope.seq, "status/error_log", wire::encode_log(message));
  }
}

void MqttLink::say_unheard() {
  for (Unheard::Message& message : unheard_.take_due(std::chrono::steady_clock::now()))
    say(message.suffix, std::move(message.body));
}

// Said when it is true: the update has ended, or there was none.
void MqttLink::answer_cancels() {
  if (cancels_.empty()) return;
  std::map<std::string, bool> ended;  // what rests, and whether its last update was committed
  for_each_update(state_of(agent_), config_.image, [&](const std::string& name, const json::object& about) {
    if (rests(about)) ended[name] = text_at(about, "last") == "committed";
  });
  std::erase_if(cancels_, [&](const Cancel& cancel) {
    bool too_late = false;
    for (const std::string& name : cancel.names) {
      if (!ended.contains(name)) return false;
      too_late = too_late || ended[name];
    }
    answer_cancel(cancel.command, too_late ? "too_late" : "cancelled", "");
    return true;
  });
}

void MqttLink::answer_cancel(const std::string& command, std::string status, std::string reason) {
  wire::CommandAnswer answer;
  answer.envelope.time_ms = unix_ms();
  answer.command = command;
  answer.status = std::move(status);
  answer.reason = std::move(reason);
  answer.envelope.seq = unheard_.next_seq();
  auto signature = sign(config_, "cancel", answer.envelope.seq, wire::signed_text(answer));
  if (!signature) log::warning("mqtt", "cannot sign the end of a cancel: {}", signature.error().text());
  if (signature) answer.signature = std::move(*signature);
  unheard_.add(answer.envelope.seq, "update/cancel/ack", wire::encode_command_answer(answer));
  say_unheard();
}

}  // namespace stratus::agent
