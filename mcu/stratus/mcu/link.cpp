#include "stratus/mcu/link.hpp"

#include "stratus/mcu/csr.hpp"
#include "stratus/mcu/json.hpp"

namespace stratus::mcu {
namespace {

constexpr uint32_t kProgressMillis = 1000;  // between two words about the same state
constexpr uint32_t kReportLimit = 640;

bool is_due(uint32_t now, uint32_t at) { return static_cast<int32_t>(now - at) >= 0; }

bool is_text(const char* data, uint32_t size, const char* wanted) {
  return size == length_of(wanted) && memcmp(data, wanted, size) == 0;
}

// Ids of orders are plain; anything else is not repeated back.
bool take_id(const Text& message, char id[65]) {
  Text value;
  if (!json_member(message, "command", value) || value.size > 64) return false;
  for (uint32_t i = 0; i < value.size; ++i) {
    if (value.data[i] <= ' ' || value.data[i] > '~' || value.data[i] == '"' || value.data[i] == '\\')
      return false;
  }
  memcpy(id, value.data, value.size);
  id[value.size] = 0;
  return true;
}

}  // namespace

const char* Link::topic(const char* suffix) {
  TextWriter out(topic_, sizeof topic_);
  return out.text("v1/").text(config_.device).text("/").text(suffix).c_str();
}

Cause Link::publish(const char* suffix, const TextWriter& message, uint8_t qos, bool retain) {
  if (!message.ok()) return Cause::too_large;
  return ports_.mqtt.publish({topic(suffix), message.data(), message.size(), qos, retain});
}

Cause Link::connect() {
  static constexpr char kGone[] = "{\"online\":false}";
  const MqttMessage will{topic("presence"), kGone, sizeof kGone - 1, 1, true};
  if (Cause cause = ports_.mqtt.connect(config_.device, &will); cause != Cause::ok) return cause;
  static constexpr const char* kTopics[] = {"update/request/firmware", "update/cancel", "stored"};
  for (const char* suffix : kTopics) {
    if (Cause cause = ports_.mqtt.subscribe(topic(suffix)); cause != Cause::ok) return cause;
  }
  char buffer[96];
  TextWriter out(buffer, sizeof buffer);
  out.open().member("online").text("true").member("version", config_.version).close();
  if (Cause cause = publish("presence", out, 1, true); cause != Cause::ok) return cause;
  const uint32_t now = ports_.clock.millis();
  status_at_ = said_at_ = now;
  hint_ = true;  // what was ordered while we were away is asked for
  last_state_ = "";
  return Cause::ok;
}

void Link::poll() {
  const uint32_t now = ports_.clock.millis();
  if (!ports_.mqtt.connected()) {
    if (try_at_ != 0 && !is_due(now, try_at_)) return;
    if (connect() != Cause::ok) {
      if (failures_ < 8) ++failures_;
      uint32_t random = 0;
      if (ports_.entropy != nullptr) ports_.entropy->fill(&random, sizeof random);
      const uint32_t most = 500u << failures_;  // 1, 2, … 128 s
      try_at_ = (ports_.clock.millis() + most / 2 + random % (most / 2 + 1)) | 1;
      return;
    }
    failures_ = 0;
  }
  if (ports_.mqtt.poll(*this) != Cause::ok) {
    try_at_ = now | 1;
    return;
  }
  if (is_due(now, status_at_)) say_status();
  if (untold_ && is_due(now, said_at_) && say_outcome()) said_at_ = now + kAgainSeconds * 1000;
}

void Link::say_status() {
  char buffer[160];
  TextWriter out(buffer, sizeof buffer);
  const uint32_t now = ports_.clock.millis();
  out.open().time_member("time_ms", ports_.clock.unix_time()).member("uptime_s", now / 1000).close();
  publish("status/system", out, 1, false);
  status_at_ = now + kStatusSeconds * 1000;
}

bool Link::on_step(const char* state, uint32_t done, uint32_t total) {
  const uint32_t now = ports_.clock.millis();
  if (ports_.mqtt.connected() && (state != last_state_ || is_due(now, percent_at_))) {
    last_state_ = state;
    percent_at_ = now + kProgressMillis;
    char buffer[320];
    TextWriter out(buffer, sizeof buffer);
    out.open().member("name", config_.name).member("state", state);
    if (command_[0] != 0) out.member("command", command_);
    if (total != 0) {
      // Of images below 40 MB: no overflow.
      out.member("percent", total < 40'000'000 ? done * 100 / total : done / (total / 100));
      out.member("bytes", done).member("total", total);
    }
    publish("update/progress", out.close(), 0, false);
  }
  if (ports_.mqtt.connected()) ports_.mqtt.poll(*this);
  return !wants_cancel_;
}

void Link::answer(const char* suffix, const char* status) {
  char buffer[160];
  TextWriter out(buffer, sizeof buffer);
  out.open().member("command", is_text(suffix, length_of(suffix), "update/cancel/ack") ? cancel_ : command_);
  publish(suffix, out.member("status", status).close(), 1, false);
}

void Link::on_message(const char* topic_data, uint32_t topic_size, const uint8_t* payload, uint32_t size,
                      bool) {
  const uint32_t prefix = 3 + length_of(config_.device) + 1;
  if (topic_size <= prefix) return;
  const char* const suffix = topic_data + prefix;
  const uint32_t suffix_size = topic_size - prefix;
  const Text message{reinterpret_cast<const char*>(payload), size};
  if (is_text(suffix, suffix_size, "update/request/firmware")) {
    if (!take_id(message, command_)) return;
    hint_ = true;
    answer("update/request/ack", "accepted");
  } else if (is_text(suffix, suffix_size, "update/cancel")) {
    if (take_id(message, cancel_)) wants_cancel_ = true;
  } else if (is_text(suffix, suffix_size, "stored") && untold_) {
    // What is refused will never be kept: no use in saying it again.
    static constexpr const char* kMembers[] = {"seqs", "refused"};
    for (const char* name : kMembers) {
      Text array;
      if (!json_member(message, name, array)) continue;
      JsonNumbers numbers(array);
      for (uint32_t number; numbers.next(number);) {
        if (number == sequence_) {
          untold_ = false;
          stored_ = true;
        }
      }
    }
  }
}

void Link::end_cancel(bool cancelled) {
  if (!wants_cancel_) return;
  wants_cancel_ = false;
  answer("update/cancel/ack", cancelled ? "cancelled" : "too_late");
}

bool Link::take_stored() {
  const bool stored = stored_;
  stored_ = false;
  return stored;
}

bool Link::take_hint() {
  const bool hint = hint_;
  hint_ = false;
  return hint;
}

// All reports of a device share one number space and grow over restarts: seconds do, without being stored.
uint32_t Link::fresh_sequence() {
  const uint32_t now = ports_.clock.unix_time();
  sequence_ = now > sequence_ ? now : sequence_ + 1;
  return sequence_;
}

void Link::tell(const Outcome& outcome) {
  outcome_ = outcome;
  outcome_time_ = ports_.clock.unix_time();
  fresh_sequence();
  untold_ = true;
  stored_ = false;
  said_at_ = ports_.clock.millis();
}

// docs/formats/identity.md, "Message signature".
bool Link::sign(const Text& report, TextWriter& out) {
  uint8_t digest[32], xy[64], spki[kSpkiSize], signature[72];
  const auto hash = [&](const void* data, uint32_t size) {
    ports_.crypto.hash_begin();
    ports_.crypto.hash_add(data, size);
    ports_.crypto.hash_end(digest);
  };
  hash(report.data, report.size);
  char buffer[192];
  TextWriter text(buffer, sizeof buffer);
  text.text("stratus-message-v1\n").text(config_.device).text("\nreport\n").number(sequence_).text("\n");
  text.hex(digest, sizeof digest).text("\n");
  if (!text.ok() || !ports_.key.public_key(xy)) return false;
  hash(text.data(), text.size());
  const uint32_t size = ports_.key.sign(digest, signature);
  if (size == 0) return false;
  write_spki(xy, spki);
  hash(spki, sizeof spki);
  out.text("v1;key=")
      .hex(digest, 8)
      .text(";counter=")
      .number(sequence_)
      .text(";sig=")
      .base64(signature, size);
  return true;
}

bool Link::say_outcome() {
  char report_buffer[kReportLimit];
  TextWriter report(report_buffer, sizeof report_buffer);
  report.open().member("device", config_.device).member("sequence", sequence_).member("name", config_.name);
  report.member("state", outcome_.state).member("version", outcome_.version);
  if (outcome_.has_release) report.digest_member("target", outcome_.release);
  if (outcome_.cause == Cause::ok) {
    if (outcome_.has_release) report.digest_member("running", outcome_.release);
    report.member("running_version", outcome_.version);
  } else {
    report.member("reason", cause_name(outcome_.cause));
  }
  if (ports_.components != nullptr) ports_.components->describe(report, config_.version);
  report.member("bytes", outcome_.bytes).time_member("time_ms", outcome_time_).close();

  char buffer[kReportLimit * 5 / 4 + 384];
  TextWriter out(buffer, sizeof buffer);
  out.open().member("seq", sequence_).member("status", outcome_.status);
  if (command_[0] != 0) out.member("command", command_);
  out.member("report", report.data(), report.size()).member("signature").text("\"");
  if (!report.ok() || !sign({report.data(), report.size()}, out)) return false;
  out.text("\"").close();
  return publish("update/result", out, 1, false) == Cause::ok;
}

}  // namespace stratus::mcu
