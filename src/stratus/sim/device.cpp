#include "stratus/sim/device.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "stratus/base/log.hpp"
#include "stratus/update/pacing.hpp"
#include "stratus/wire/topics.hpp"

namespace stratus::sim {

using update::Event;
using update::State;

namespace {

constexpr Millis kSayAgain{10'000};  // reports that were not called stored
constexpr Millis kLongestPause{30'000};
// Thousands that shake hands with one broker on one machine take turns: whoever gives up early throws away
// what both sides did, and all of them together might never get done.
constexpr Millis kPatience{60'000};
constexpr Millis kLate{1'000};  // measurements that were due longer ago are left out

}  // namespace

Device::Device(World& world, const FleetProfile& profile, std::string name, std::uint64_t first_sequence)
    : world_(world),
      profile_(profile),
      name_(std::move(name)),
      chance_(profile.seed, name_),
      session_task_(world.executor),
      wake_(world.executor),
      loss_(profile.loss),
      pace_(profile.bandwidth) {
  kept_ = world_.identities.load_flash(name_);
  if (!kept_.empty()) {
    if (auto flash = parse_flash(kept_)) flash_ = std::move(*flash);
  }
  flash_.next_sequence = std::max(flash_.next_sequence, first_sequence);
  flash_.image(profile_.image);
}

Device::~Device() { disconnect(); }

net::Task<void> Device::live(Millis delay) {
  if (delay.count() > 0) co_await net::sleep_for(delay);
  for (;;) {
    if (const Result<void> on = power_on(); !on) {
      log::error("sim", "{}: {}", name_, on.error().text());
      world_.tally.count_cause(on.error().text());
      co_return;
    }
    co_await run();
    co_await power_off();
    const Millis dark(static_cast<std::int64_t>(profile_.off_time.count() / 2 +
                                                chance_.below(profile_.off_time.count() + 1)));
    co_await net::sleep_for(dark);
  }
}

net::Task<void> Device::stop() {
  disconnect();
  co_await session_task_.stop();
  session_.reset();
  const std::string keep = encode_flash(flash_);
  if (keep == kept_) co_return;
  if (const Result<void> kept = world_.identities.keep_flash(name_, keep); !kept)
    log::warning("sim", "{}", kept.error().text());
}

Result<void> Device::power_on() {
  boot_ = fmt::format("{}-{}", name_, ++boots_);
  power_lost_ = false;
  attempts_ = 0;
  next_metrics_ = std::chrono::steady_clock::now() +
                  Millis(static_cast<std::int64_t>(chance_.below(profile_.metrics_interval.count() + 1)));
  const bool secure =
      world_.http.origin.tls || (world_.has_broker && world_.broker.kind == net::MqttEndpoint::Kind::tls);
  if (secure) {
    STRATUS_TRY(own, world_.identities.load(name_, world_.sibling.get()));
    identity_ = world_.sibling = std::move(own.identity);
    key_ = std::move(own.key);
  }
  want(profile_.image);
  if (!world_.has_broker) return {};
  net::MqttOptions options;
  options.endpoint = world_.broker;
  options.context = world_.broker_context;
  options.identity = identity_;
  options.longest_backoff = Millis(5'000);
  options.connect_timeout = kPatience;
  options.session.client_id = name_;
  options.session.session_expiry = 60;
  wire::mqtt::WillMessage will;
  will.topic = wire::device_topic(name_, "presence");
  will.payload = wire::encode_presence(wire::Presence{});
  will.retain = true;
  options.session.will = will;
  session_ = std::make_unique<net::MqttSession>(world_.executor, std::move(options),
                                                static_cast<net::MqttEvents&>(*this));
  for (const char* const suffix :
       {"update/request/+", "update/cancel", "update/next/answer", "control/command", "stored"})
    session_->subscribe(wire::device_topic(name_, suffix));
  session_task_.spawn(session_->run());
  return {};
}

net::Task<void> Device::power_off() {
  ++world_.tally.power_cuts;
  if (connection_) connection_->reset_on_close();
  disconnect();
  if (session_) session_->drop();
  co_await session_task_.stop();
  session_.reset();
  if (std::exchange(online_, false)) --world_.tally.online;
  wanted_.clear();
  command_.clear();
  cancels_.clear();
  plan_ = {};
}

void Device::say(std::string_view suffix, std::string body, bool retain) {
  if (!session_) return;
  wire::mqtt::PublishOptions how;
  how.retain = retain;
  if (session_->publish(wire::device_topic(name_, suffix), std::move(body), how)) ++world_.tally.messages;
}

void Device::on_connected(bool /*session_present*/) {
  ++world_.tally.connects;
  if (!std::exchange(online_, true)) ++world_.tally.online;
  wire::Presence here;
  here.online = true;
  here.boot = boot_;
  here.version = "stratus-sim 0.1.0";
  here.envelope.time_ms = unix_ms();
  say("presence", wire::encode_presence(here), true);
  // Whatever was said while we were away is asked for instead of guessed.
  for (const InstalledImage& image : flash_.images) ask(image.name);
  said_at_ = std::chrono::steady_clock::now();
  for (const UnsaidReport& report : flash_.unsaid) say("update/result", report.message);
}

void Device::on_disconnected(const Error& why) {
  if (std::exchange(online_, false)) --world_.tally.online;
  log::debug("sim", "{}: {}", name_, why.text());
}

void Device::on_message(const wire::mqtt::Message& message) {
  const std::string_view body = as_text(message.payload);
  const auto topic = wire::parse_device_topic(message.topic);
  if (topic && topic->device == name_) {
    if (topic->suffix.starts_with("update/request/")) take_request(body, false);
    if (topic->suffix == "update/next/answer") take_request(body, true);
    if (topic->suffix == "update/cancel") take_cancel(body);
    if (topic->suffix == "control/command") take_control(body);
    if (topic->suffix == "stored") take_stored(body);
  }
  session_->acknowledge(message.token);
}

void Device::take_request(std::string_view body, bool asked) {
  const auto request = wire::parse_update_request(body);
  if (!request) return log::warning("sim", "{}: {}", name_, request.error().text());
  const bool expired = request->expires_ms != 0 && request->expires_ms < unix_ms();
  if (!asked) {
    wire::CommandAnswer answer;
    answer.envelope.time_ms = unix_ms();
    answer.command = request->command;
    answer.status = expired ? "rejected" : "accepted";
    if (expired) answer.reason = "expired";
    say("update/request/ack", wire::encode_command_answer(answer));
  }
  if (expired || request->items.empty()) return;
  command_ = request->command;
  for (const wire::UpdateItem& item : request->items) want(item.name);
}

void Device::take_cancel(std::string_view body) {
  const auto cancel = wire::parse_cancel(body);
  if (!cancel) return;
  bool busy = false;
  for (const InstalledImage& image : flash_.images) {
    const bool meant = cancel->name.empty() || cancel->name == image.name;
    if (!meant || image.record.state == State::idle) continue;
    busy = true;
    cancels_[image.name] = cancel->command;
  }
  if (!busy) answer_cancel(cancel->command, "cancelled", "nothing was under way");
}

// Said when it is true: the update has ended, however it did.
void Device::end_cancel(const InstalledImage& image, bool committed) {
  const auto ended = cancels_.extract(image.name);
  if (ended.empty()) return;
  const std::string& command = ended.mapped();
  const auto same = [&command](const auto& other) { return other.second == command; };
  if (std::any_of(cancels_.begin(), cancels_.end(), same)) return;
  answer_cancel(command, committed ? "too_late" : "cancelled", "");
}

void Device::answer_cancel(const std::string& command, std::string status, std::string reason) {
  wire::CommandAnswer answer;
  answer.envelope.time_ms = unix_ms();
  answer.command = command;
  answer.status = std::move(status);
  answer.reason = std::move(reason);
  say("update/cancel/ack", wire::encode_command_answer(answer));
}

void Device::take_control(std::string_view body) {
  const auto command = wire::parse_control_command(body);
  if (!command) return log::warning("sim", "{}: {}", name_, command.error().text());
  wire::CommandAnswer answer;
  answer.envelope.time_ms = unix_ms();
  answer.command = command->command;
  answer.status = "done";
  if (command->action == "check_now") {
    want(profile_.image);
  } else if (command->action == "report_metrics") {
    tell_metrics(0);
  } else if (command->action == "send_log") {
    const std::string line = fmt::format("{} of stratus-sim, start {}", name_, boots_);
    say("log", wire::encode_log({{0, unix_ms()}, {{unix_ms(), "info", "sim", line}}}));
  } else {
    answer.status = "refused";
    answer.reason = "unknown_command";
  }
  say("control/response", wire::encode_command_answer(answer));
}

void Device::take_stored(std::string_view body) {
  const auto stored = wire::parse_stored(body);
  if (!stored) return;
  const auto is_done = [&stored](const UnsaidReport& report) {
    const auto same = [&](const wire::Stored::Refusal& refusal) { return refusal.seq == report.sequence; };
    return std::find(stored->seqs.begin(), stored->seqs.end(), report.sequence) != stored->seqs.end() ||
           std::any_of(stored->refused.begin(), stored->refused.end(), same);
  };
  for (const wire::Stored::Refusal& refusal : stored->refused)
    world_.tally.count_cause("the server refused a report: " + refusal.reason);
  std::erase_if(flash_.unsaid, is_done);
}

void Device::ask(const std::string& name) {
  wire::NextQuestion question;
  question.name = name;
  question.have = flash_.image(name).record.current.manifest;
  say("update/next", wire::encode_next_question(question));
}

void Device::want(const std::string& name) {
  if (std::find(wanted_.begin(), wanted_.end(), name) == wanted_.end()) wanted_.push_back(name);
  wake_.notify_all();
}

std::string Device::next_work() {
  for (const InstalledImage& image : flash_.images) {
    if (image.record.state != State::idle) return image.name;  // what the power cut short
  }
  if (wanted_.empty()) return {};
  std::string name = wanted_.front();
  wanted_.erase(wanted_.begin());
  return name;
}

net::Task<void> Device::run() {
  while (!power_lost_) {
    const std::string name = next_work();
    if (!name.empty()) {
      co_await work_on(name);
      continue;
    }
    if (profile_.poll.count() == 0) {
      co_await wake_.wait();
      continue;
    }
    const Millis pause = profile_.poll;
    const bool called = co_await wake_.wait_for(pause);
    if (!called) want(profile_.image);
  }
}

net::Task<void> Device::work_on(std::string name) {
  const bool idle = flash_.image(name).record.state == State::idle;
  Outcome done =
      outcome(idle ? Event::poll_due : update::restart_event(flash_.image(name).record, false, false, boot_));
  if (!idle) done.detail.reason = "interrupted";
  while (!power_lost_) {
    InstalledImage& image = flash_.image(name);
    const State before = image.record.state;
    auto action = update::step(image.record, done.event, done.detail);
    if (!action) {
      log::error("sim", "{}: {}", name_, action.error().text());
      co_return;
    }
    log::debug("sim", "{}: {} → {} {}", name_, name_of(before), name_of(image.record.state),
               done.detail.reason);
    if (image.record.state == State::idle) {
      tell_progress(image, true);  // nothing is under way any more
      disconnect();
      end_cancel(image, before == State::committed);
      if (done.event != Event::unreachable) {
        attempts_ = 0;
        co_return;
      }
      const update::BackOff back_off{Millis(500), kLongestPause};
      const Millis pause = update::back_off_delay(back_off, ++attempts_, chance_.fraction());
      (void)co_await wake_.wait_for(pause);
      want(name);
      co_return;
    }
    done = co_await perform(image, *action);
  }
}

void Device::tick(SteadyTime now) {
  if (!online_) return;
  if (!flash_.unsaid.empty() && now - said_at_ > kSayAgain) {
    said_at_ = now;
    for (const UnsaidReport& report : flash_.unsaid) say("update/result", report.message);
  }
  if (profile_.metrics_interval.count() == 0) return;
  if (now - next_metrics_ > kLate) next_metrics_ = now;  // it was away
  for (; next_metrics_ <= now; next_metrics_ += profile_.metrics_interval) {
    tell_metrics(static_cast<std::uint64_t>(std::chrono::duration_cast<Millis>(now - next_metrics_).count()));
  }
}

// One that was due so long ago: an interval may be shorter than the time between two looks.
void Device::tell_metrics(std::uint64_t late_ms) {
  wire::MetricSample sample;
  sample.envelope.time_ms = unix_ms() - late_ms;
  const bool busy = slot_ ? true : false;
  sample.values = {{"cpu_percent", 2 + 8 * chance_.fraction() + (busy ? 40 : 0)},
                   {"memory_used", 60e6 + 20e6 * chance_.fraction()},
                   {"memory_total", 256e6},
                   {"disk_used", 1e9},
                   {"disk_total", 4e9},
                   {"temperature_c", 35 + 10 * chance_.fraction()},
                   {"network_received", static_cast<double>(fate_.fetched)}};
  say("status/system", wire::encode_metrics(sample));
}

bool Device::reached_goal() const {
  if (!flash_.unsaid.empty()) return false;
  if (world_.goal.updates > 0 && finished_ >= world_.goal.updates) return true;
  if (world_.goal.version.empty()) return false;
  const auto followed =
      std::find_if(flash_.images.begin(), flash_.images.end(),
                   [this](const InstalledImage& image) { return image.name == profile_.image; });
  if (followed == flash_.images.end()) return false;
  const update::DeviceRecord& record = followed->record;
  return record.state == State::idle && record.current.version == world_.goal.version;
}

}  // namespace stratus::sim
