#include "stratus/wire/messages.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "stratus/base/json.hpp"
#include "stratus/wire/plain_metrics.hpp"

namespace stratus::wire {

namespace json = boost::json;

namespace {

constexpr std::size_t kMaxCommand = 64;
constexpr std::size_t kMaxReason = 1024;
constexpr std::uint64_t kMaxTime = 253'402'300'800'000;  // the year 10000

constexpr std::array<std::string_view, 6> kStatuses{"SUCCESS", "FAILED",    "TIMEOUT",
                                                    "ERROR",   "CANCELLED", "ROLLED_BACK"};

void put_text(json::object& into, std::string_view key, const std::string& text) {
  if (!text.empty()) into[key] = text;
}
void put_number(json::object& into, std::string_view key, std::uint64_t number) {
  if (number != 0) into[key] = number;
}
void put_envelope(json::object& into, const Envelope& envelope) {
  put_number(into, "seq", envelope.seq);
  put_number(into, "time_ms", envelope.time_ms);
}

std::uint64_t read_time(ObjectReader& reader, std::string_view key) {
  const std::uint64_t time = reader.optional_number(key, 0);
  if (time > kMaxTime) reader.reject(key, "beyond the year 10000");
  return time;
}
Envelope read_envelope(ObjectReader& reader) {
  Envelope envelope;
  envelope.seq = reader.optional_number("seq", 0);
  envelope.time_ms = read_time(reader, "time_ms");
  return envelope;
}

bool read_flag(ObjectReader& reader, const json::value& value, std::string_view key) {
  const json::object* const object = value.if_object();
  const json::value* const found = object != nullptr ? object->if_contains(key) : nullptr;
  if (found == nullptr || !found->is_bool()) return reader.reject(key, "neither true nor false"), false;
  return found->get_bool();
}

bool is_metric_name(std::string_view name) {
  return !name.empty() && name.size() <= MetricSample::kMaxName &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                  c == '.' || c == '-';
         });
}

// Collects the numbers of an object; false when there are more or longer ones than allowed. Of two with one
// name ("a.b" and b in a) the last counts.
bool collect_numbers(const json::object& object, const std::string& prefix, MetricSample& into) {
  for (const auto& [key, value] : object) {
    if (prefix.empty() && (key == "seq" || key == "time_ms")) continue;
    if (!value.is_object() && !value.is_number()) continue;
    std::string name = prefix.empty() ? std::string(key) : prefix + "." + std::string(key);
    if (value.is_object()) {
      if (!collect_numbers(value.get_object(), name, into)) return false;
      continue;
    }
    if (!is_metric_name(name)) return false;
    const double number = value.to_number<double>();
    if (!std::isfinite(number)) continue;
    const auto same = std::find_if(into.values.begin(), into.values.end(),
                                   [&](const auto& one) { return one.first == name; });
    if (same != into.values.end()) {
      same->second = number;
    } else if (into.values.size() == MetricSample::kMaxValues) {
      return false;
    } else {
      into.values.emplace_back(std::move(name), number);
    }
  }
  return true;
}

// A JSON object that grows at its end.
class NumbersText {
 public:
  void put(std::string_view name, double number) {
    put_name(name);
    append_number(text_, number);
  }
  void put(std::string_view name, std::uint64_t number) {
    put_name(name);
    fmt::format_to(std::back_inserter(text_), "{}", number);
  }
  std::string end() && { return (text_.empty() ? "{" : std::move(text_)) + "}"; }

 private:
  void put_name(std::string_view name) {
    text_ += text_.empty() ? "{\"" : ",\"";
    text_.append(name).append("\":");
  }
  std::string text_;
};

}  // namespace

Result<Envelope> parse_envelope(std::string_view text) {
  STRATUS_TRY(value, parse_json(text, kMaxDeviceMessage));
  ObjectReader reader(value, "");
  const Envelope envelope = read_envelope(reader);
  STRATUS_CHECK(reader.done());
  return envelope;
}

std::string signed_text(const CommandAnswer& answer) { return answer.command + "\n" + answer.status; }

std::string encode_command_answer(const CommandAnswer& answer) {
  json::object message{{"command", answer.command}, {"status", answer.status}};
  put_text(message, "reason", answer.reason);
  put_text(message, "signature", answer.signature);
  put_envelope(message, answer.envelope);
  return json::serialize(message);
}

Result<CommandAnswer> parse_command_answer(std::string_view text) {
  STRATUS_TRY(value, parse_json(text, kMaxDeviceMessage));
  ObjectReader reader(value, "");
  CommandAnswer answer;
  answer.envelope = read_envelope(reader);
  answer.command = reader.text("command", kMaxCommand);
  answer.status = reader.text("status", 32);
  answer.reason = reader.optional_text("reason", kMaxReason);
  answer.signature = reader.optional_text("signature", 256);
  STRATUS_CHECK(reader.done());
  return answer;
}

std::string encode_progress(const UpdateProgress& progress) {
  json::object message{{"state", progress.state}, {"percent", progress.percent}};
  put_text(message, "command", progress.command);
  put_text(message, "name", progress.name);
  put_number(message, "bytes", progress.bytes);
  put_number(message, "total", progress.total);
  put_number(message, "speed", progress.speed);
  put_number(message, "eta_s", progress.eta_s);
  put_envelope(message, progress.envelope);
  return json::serialize(message);
}

Result<UpdateProgress> parse_progress(std::string_view text) {
  STRATUS_TRY(value, parse_json(text, kMaxDeviceMessage));
  ObjectReader reader(value, "");
  UpdateProgress progress;
  progress.envelope = read_envelope(reader);
  progress.command = reader.optional_text("command", kMaxCommand);
  progress.name = reader.optional_text("name", 255);
  progress.state = reader.text("state", 32);
  const std::uint64_t percent = reader.optional_number("percent", 0);
  if (percent > 100) reader.reject("percent", "more than 100");
  progress.percent = static_cast<std::uint32_t>(percent);
  progress.bytes = reader.optional_number("bytes", 0);
  progress.total = reader.optional_number("total", 0);
  progress.speed = reader.optional_number("speed", 0);
  progress.eta_s = reader.optional_number("eta_s", 0);
  STRATUS_CHECK(reader.done());
  return progress;
}

std::string encode_result(const UpdateResult& result) {
  json::object message{{"status", result.status}, {"report", result.report}};
  put_text(message, "command", result.command);
  put_text(message, "signature", result.signature);
  put_envelope(message, result.envelope);
  return json::serialize(message);
}

Result<UpdateResult> parse_result(std::string_view text) {
  STRATUS_TRY(value, parse_json(text, kMaxDeviceMessage));
  ObjectReader reader(value, "");
  UpdateResult result;
  result.envelope = read_envelope(reader);
  result.command = reader.optional_text("command", kMaxCommand);
  result.status = reader.text("status", 16);
  if (std::find(kStatuses.begin(), kStatuses.end(), result.status) == kStatuses.end())
    reader.reject("status", "not one of SUCCESS, FAILED, TIMEOUT, ERROR, CANCELLED, ROLLED_BACK");
  result.report = reader.optional_text("report", 16u << 10);
  result.signature = reader.optional_text("signature", 256);
  STRATUS_CHECK(reader.done());
  return result;
}

// Written as text at once: this is done for every measurement that is stored. Leaves out what could not be
// parsed again: names that are none, numbers that are not finite.
std::string encode_metrics(const MetricSample& sample) {
  NumbersText text;
  if (sample.envelope.seq != 0) text.put("seq", sample.envelope.seq);
  if (sample.envelope.time_ms != 0) text.put("time_ms", sample.envelope.time_ms);
  for (const auto& [name, number] : sample.values) {
    if (is_metric_name(name) && std::isfinite(number)) text.put(name, number);
  }
  return std::move(text).end();
}

Result<MetricSample> parse_metrics(std::string_view text) {
  STRATUS_TRY(value, parse_json(text, kMaxDeviceMessage));
  ObjectReader reader(value, "");
  MetricSample sample;
  sample.envelope = read_envelope(reader);
  STRATUS_CHECK(reader.done());
  if (!collect_numbers(value.get_object(), "", sample)) {
    return fail(ErrorCode::invalid,
                "more than 128 numbers, or a name that is empty, longer than 64 or not of "
                "letters, digits, '_', '.' and '-'");
  }
  return sample;
}

std::string encode_log(const LogMessage& message) {
  json::array entries;
  for (const LogEntry& entry : message.entries) {
    json::object one{{"level", entry.level}, {"message", entry.message}};
    put_text(one, "component", entry.component);
    put_number(one, "time_ms", entry.time_ms);
    entries.push_back(std::move(one));
  }
  json::object whole{{"entries", std::move(entries)}};
  put_envelope(whole, message.envelope);
  return json::serialize(whole);
}

namespace {

LogEntry read_entry(const json::value& value, const std::string& path, Result<void>& how) {
  ObjectReader reader(value, path);
  LogEntry entry;
  entry.time_ms = read_time(reader, "time_ms");
  entry.level = reader.optional_text("level", 16);
  entry.component = reader.optional_text("component", 64);
  entry.message = reader.text("message", 4096);
  if (how) how = reader.done();
  return entry;
}

}  // namespace

Result<LogMessage> parse_log(std::string_view text) {
  STRATUS_TRY(value, parse_json(text, kMaxDeviceMessage));
  ObjectReader reader(value, "");
  LogMessage message;
  message.envelope = read_envelope(reader);
  const json::array& entries = reader.optional_array("entries", LogMessage::kMaxEntries);
  STRATUS_CHECK(reader.done());
  Result<void> how;
  if (value.get_object().contains("entries")) {
    for (const json::value& entry : entries) {
      message.entries.push_back(
          read_entry(entry, "entries[" + std::to_string(message.entries.size()) + "]", how));
    }
  } else {
    message.entries.push_back(read_entry(value, "", how));
  }
  STRATUS_CHECK(std::move(how));
  return message;
}

std::string encode_presence(const Presence& presence) {
  json::object message{{"online", presence.online}};
  put_text(message, "boot", presence.boot);
  put_text(message, "version", presence.version);
  put_envelope(message, presence.envelope);
  return json::serialize(message);
}

Result<Presence> parse_presence(std::string_view text) {
  STRATUS_TRY(value, parse_json(text, kMaxDeviceMessage));
  ObjectReader reader(value, "");
  Presence presence;
  presence.envelope = read_envelope(reader);
  presence.boot = reader.optional_text("boot", 64);
  presence.version = reader.optional_text("version", 64);
  presence.online = read_flag(reader, value, "online");
  STRATUS_CHECK(reader.done());
  return presence;
}

std::string encode_next_question(const NextQuestion& question) {
  json::object message{{"name", question.name}};
  if (!question.have.empty()) message["have"] = question.have.text();
  put_envelope(message, question.envelope);
  return json::serialize(message);
}

Result<NextQuestion> parse_next_question(std::string_view text) {
  STRATUS_TRY(value, parse_json(text, kMaxDeviceMessage));
  ObjectReader reader(value, "");
  NextQuestion question;
  question.envelope = read_envelope(reader);
  question.name = reader.text("name", 255);
  question.have = reader.optional_digest("have");
  STRATUS_CHECK(reader.done());
  return question;
}

std::string encode_update_request(const UpdateRequest& request) {
  json::array items;
  for (const UpdateItem& item : request.items) {
    items.push_back(
        json::object{{"name", item.name}, {"version", item.version}, {"digest", item.digest.text()}});
  }
  json::object message{{"command", request.command}, {"kind", request.kind}, {"items", std::move(items)}};
  put_text(message, "rollout", request.rollout);
  put_number(message, "expires_ms", request.expires_ms);
  return json::serialize(message);
}

Result<UpdateRequest> parse_update_request(std::string_view text) {
  STRATUS_TRY(value, parse_json(text, kMaxDeviceMessage));
  ObjectReader reader(value, "");
  UpdateRequest request;
  request.command = reader.text("command", kMaxCommand);
  request.kind = reader.text("kind", 16);
  request.rollout = reader.optional_text("rollout", kMaxCommand);
  request.expires_ms = read_time(reader, "expires_ms");
  for (const json::value& one : reader.optional_array("items", UpdateRequest::kMaxItems)) {
    ObjectReader item(one, "items[" + std::to_string(request.items.size()) + "]");
    UpdateItem read;
    read.name = item.text("name", 255);
    read.version = item.optional_text("version", 128);
    read.digest = item.digest("digest");
    STRATUS_CHECK(item.done());
    request.items.push_back(std::move(read));
  }
  STRATUS_CHECK(reader.done());
  return request;
}

std::string encode_cancel(const CancelRequest& cancel) {
  json::object message{{"command", cancel.command}};
  put_text(message, "name", cancel.name);
  put_text(message, "reason", cancel.reason);
  return json::serialize(message);
}

Result<CancelRequest> parse_cancel(std::string_view text) {
  STRATUS_TRY(value, parse_json(text, kMaxDeviceMessage));
  ObjectReader reader(value, "");
  CancelRequest cancel;
  cancel.command = reader.text("command", kMaxCommand);
  cancel.name = reader.optional_text("name", 255);
  cancel.reason = reader.optional_text("reason", kMaxReason);
  STRATUS_CHECK(reader.done());
  return cancel;
}

std::string encode_control_command(const ControlCommand& command) {
  return json::serialize(json::object{{"command", command.command}, {"action", command.action}});
}

Result<ControlCommand> parse_control_command(std::string_view text) {
  STRATUS_TRY(value, parse_json(text, kMaxDeviceMessage));
  ObjectReader reader(value, "");
  ControlCommand command;
  command.command = reader.text("command", kMaxCommand);
  command.action = reader.text("action", 32);
  STRATUS_CHECK(reader.done());
  return command;
}

std::string encode_stored(const Stored& stored) {
  json::object message;
  json::array seqs;
  for (const std::uint64_t seq : stored.seqs) seqs.push_back(seq);
  message["seqs"] = std::move(seqs);
  if (!stored.refused.empty()) {
    json::array refused;
    for (const Stored::Refusal& one : stored.refused)
      refused.push_back(json::object{{"seq", one.seq}, {"reason", one.reason}});
    message["refused"] = std::move(refused);
  }
  return json::serialize(message);
}

Result<Stored> parse_stored(std::string_view text) {
  STRATUS_TRY(value, parse_json(text, kMaxDeviceMessage));
  ObjectReader reader(value, "");
  Stored stored;
  for (const json::value& seq : reader.optional_array("seqs", Stored::kMaxSeqs)) {
    if (!seq.is_int64() || seq.get_int64() < 0) {
      reader.reject("seqs", "not whole numbers of 0 or more");
      break;
    }
    stored.seqs.push_back(static_cast<std::uint64_t>(seq.get_int64()));
  }
  for (const json::value& one : reader.optional_array("refused", Stored::kMaxSeqs)) {
    ObjectReader refusal(one, "refused[" + std::to_string(stored.refused.size()) + "]");
    Stored::Refusal read;
    read.seq = refusal.number("seq");
    read.reason = refusal.optional_text("reason", kMaxReason);
    STRATUS_CHECK(refusal.done());
    stored.refused.push_back(std::move(read));
  }
  STRATUS_CHECK(reader.done());
  return stored;
}

}  // namespace stratus::wire
