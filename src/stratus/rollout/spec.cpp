#include "stratus/rollout/spec.hpp"

#include <algorithm>
#include <initializer_list>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "stratus/base/clock.hpp"
#include "stratus/base/json.hpp"
#include "stratus/wire/report.hpp"
#include "stratus/wire/update_kind.hpp"

namespace stratus::rollout {
namespace {

namespace json = boost::json;

constexpr std::int64_t kSecond = 1000;
constexpr std::int64_t kHour = 3600 * kSecond;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kLongest = 366 * kDay;
constexpr std::int64_t kDefaultLife = 7 * kDay;
constexpr std::int64_t kDefaultAttempt = kDay;
constexpr std::int64_t kDefaultCancel = kHour;
constexpr std::int64_t kDefaultRetryDelay = 300 * kSecond;
constexpr std::size_t kMaxWord = 255;

// A person's order with a member that nothing reads is a misunderstanding, not a newer peer.
void only(const json::value& value, ObjectReader& reader, std::initializer_list<std::string_view> known) {
  const json::object* const object = value.if_object();
  if (object == nullptr) return;
  for (const auto& [key, unused] : *object) {
    const std::string_view name(key.data(), key.size());
    if (std::find(known.begin(), known.end(), name) == known.end())
      reader.reject(name.substr(0, 64), "no such member");
  }
}

bool flag(const json::value& value, ObjectReader& reader, std::string_view key) {
  const json::value* const found = value.is_object() ? value.get_object().if_contains(key) : nullptr;
  if (found == nullptr) return false;
  if (!found->is_bool()) reader.reject(key, "not true or false");
  return found->is_bool() && found->get_bool();
}

std::uint64_t bounded(ObjectReader& reader, std::string_view key, std::uint64_t otherwise,
                      std::uint64_t most) {
  const std::uint64_t value = reader.optional_number(key, otherwise);
  if (value > most) reader.reject(key, fmt::format("more than {}", most));
  return value;
}

// "key_ms" or, for people, "key_s".
std::int64_t duration(ObjectReader& reader, const std::string& key, std::int64_t otherwise) {
  const std::uint64_t seconds = bounded(reader, key + "_s", 0, kLongest / kSecond);
  const std::uint64_t millis = bounded(reader, key + "_ms", seconds * kSecond, kLongest);
  return millis == 0 ? otherwise : static_cast<std::int64_t>(millis);
}

std::int64_t moment(ObjectReader& reader, std::string_view key) {
  const std::string text = reader.optional_text(key, 64);
  if (text.empty()) return 0;
  const auto time = parse_time(text);
  if (time) return time->time_since_epoch().count();
  reader.reject(key, time.error().text());
  return 0;
}

bool is_code(std::string_view text) {
  const auto fine = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !text.empty() && text.size() <= 32 && std::all_of(text.begin(), text.end(), fine);
}

std::vector<std::string> words(ObjectReader& reader, std::string_view key, bool (*good)(std::string_view)) {
  std::vector<std::string> found;
  for (const json::value& one : reader.optional_array(key, Spec::kMaxTargets)) {
    const json::string* const text = one.if_string();
    if (text == nullptr || !good({text->data(), text->size()})) {
      reader.reject(key, fmt::format("element {} is not an id", found.size()));
      break;
    }
    found.emplace_back(text->data(), text->size());
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

Result<Content> parse_content(const json::value& value, std::string path) {
  ObjectReader reader(value, std::move(path));
  only(value, reader, {"name", "version", "digest"});
  Content content;
  content.name = reader.text("name", kMaxWord);
  content.version = reader.text("version", 128);
  content.digest = reader.optional_digest("digest");
  if (content.name.empty()) reader.reject("name", "empty");
  if (content.version.empty()) reader.reject("version", "empty");
  STRATUS_CHECK(reader.done());
  return content;
}

Result<Targets> parse_targets(const json::value& value) {
  ObjectReader reader(value, "targets");
  only(value, reader, {"all", "devices", "groups", "regions", "filter"});
  Targets targets;
  targets.all = flag(value, reader, "all");
  targets.devices = words(reader, "devices", wire::is_device_id);
  targets.groups = words(reader, "groups", is_code);
  targets.regions = words(reader, "regions", is_code);
  targets.filter = reader.optional_text("filter", 1024);
  STRATUS_CHECK(reader.done());
  if (targets.empty())
    return fail(ErrorCode::invalid, "targets: name devices, groups, regions or a filter, or say all");
  return targets;
}

Result<Wave> parse_wave(const json::value& value, std::string path, const Wave* before) {
  ObjectReader reader(value, std::move(path));
  only(value, reader,
       {"percent", "count", "groups", "success_percent", "failure_percent", "soak_s", "soak_ms"});
  Wave wave;
  const json::object empty;
  const json::object& object = value.is_object() ? value.get_object() : empty;
  if (object.contains("percent")) wave.percent = static_cast<unsigned>(bounded(reader, "percent", 0, 100));
  if (object.contains("count"))
    wave.count = static_cast<std::uint32_t>(bounded(reader, "count", 0, 10'000'000));
  wave.groups = words(reader, "groups", is_code);
  const Gate usual;
  wave.gate.success_percent =
      static_cast<unsigned>(bounded(reader, "success_percent", usual.success_percent, 100));
  wave.gate.failure_percent =
      static_cast<unsigned>(bounded(reader, "failure_percent", usual.failure_percent, 100));
  wave.gate.soak_ms = duration(reader, "soak", 0);
  const int kinds = int{wave.percent.has_value()} + int{wave.count.has_value()} + int{!wave.groups.empty()};
  if (kinds != 1) reader.reject("percent", "say one of percent, count, groups");
  if (wave.percent == 0U || wave.count == 0U) reader.reject("percent", "a wave of nobody");
  if (before != nullptr && before->percent && wave.percent && *wave.percent <= *before->percent)
    reader.reject("percent", "shares are cumulative and must grow from wave to wave");
  if (before != nullptr && before->count && wave.count && *wave.count <= *before->count)
    reader.reject("count", "counts are cumulative and must grow from wave to wave");
  STRATUS_CHECK(reader.done());
  return wave;
}

Result<Window> parse_window(const json::value& value) {
  ObjectReader reader(value, "window");
  only(value, reader, {"days", "from", "to"});
  Window window;
  const auto minute = [&](std::string_view key) -> std::uint16_t {
    const auto parsed = parse_minute(reader.text(key, 8));
    if (!parsed) reader.reject(key, parsed.error().text());
    return parsed ? *parsed : std::uint16_t{0};
  };
  window.from_minute = minute("from");
  window.to_minute = minute("to");
  if (window.from_minute >= 1440) reader.reject("from", "later than 23:59");
  const auto& days = reader.optional_array("days", 7);
  if (!days.empty()) window.days = 0;
  for (const json::value& one : days) {
    const json::string* const text = one.if_string();
    const auto day = text == nullptr ? std::nullopt : parse_day({text->data(), text->size()});
    if (day) window.days |= static_cast<std::uint8_t>(1U << *day);
    if (!day) reader.reject("days", "days are mon, tue, wed, thu, fri, sat, sun");
  }
  STRATUS_CHECK(reader.done());
  return window;
}

Joining parse_joining(ObjectReader& reader) {
  const std::string text = reader.optional_text("joining", 16);
  if (text == "while_running") return Joining::while_running;
  if (text == "until_expiry") return Joining::until_expiry;
  if (!text.empty() && text != "no") reader.reject("joining", "one of no, while_running, until_expiry");
  return Joining::no;
}

std::string_view word_for(Joining joining) {
  if (joining == Joining::while_running) return "while_running";
  return joining == Joining::until_expiry ? "until_expiry" : "no";
}

json::array texts(const std::vector<std::string>& values) {
  json::array array;
  array.reserve(values.size());
  for (const std::string& value : values) array.emplace_back(json::string(value));
  return array;
}

json::object encode_wave(const Wave& wave) {
  json::object object;
  if (wave.percent) object["percent"] = *wave.percent;
  if (wave.count) object["count"] = *wave.count;
  if (!wave.groups.empty()) object["groups"] = texts(wave.groups);
  object["success_percent"] = wave.gate.success_percent;
  object["failure_percent"] = wave.gate.failure_percent;
  object["soak_ms"] = wave.gate.soak_ms;
  return object;
}

Result<void> parse_waves(const json::array& array, Spec& spec) {
  for (const json::value& one : array) {
    const Wave* const before = spec.waves.empty() ? nullptr : &spec.waves.back();
    STRATUS_TRY(wave, parse_wave(one, fmt::format("waves[{}]", spec.waves.size()), before));
    spec.waves.push_back(std::move(wave));
  }
  if (spec.waves.empty()) {  // everything at once: nothing is left that a gate could hold back
    Wave everything;
    everything.percent = 100;
    everything.gate = {0, 100, 0};
    spec.waves.push_back(everything);
  } else if (spec.waves.back().percent != 100U) {
    Wave rest;
    rest.percent = 100;
    rest.gate = spec.waves.back().gate;
    spec.waves.push_back(rest);
  }
  if (spec.waves.size() > Spec::kMaxWaves) return fail(ErrorCode::invalid, "waves: too many, with the rest");
  return {};
}

}  // namespace

Result<Spec> parse_spec(const json::value& value, std::int64_t now_ms) {
  ObjectReader reader(value, "");
  only(value, reader,
       {"title",
        "contents",
        "targets",
        "waves",
        "start_at",
        "expires_at",
        "expires_s",
        "expires_ms",
        "window",
        "rate_per_minute",
        "max_in_flight",
        "attempt_timeout_s",
        "attempt_timeout_ms",
        "retries",
        "retry_delay_s",
        "retry_delay_ms",
        "cancel_timeout_s",
        "cancel_timeout_ms",
        "approval",
        "joining",
        "unsigned"});
  Spec spec;
  spec.title = reader.optional_text("title", 128);
  const auto& contents = reader.optional_array("contents", Spec::kMaxContents);
  const auto& waves = reader.optional_array("waves", Spec::kMaxWaves);
  spec.start_ms = moment(reader, "start_at");
  spec.expires_ms = moment(reader, "expires_at");
  const std::int64_t life = duration(reader, "expires", kDefaultLife);
  if (spec.expires_ms == 0) spec.expires_ms = std::max(now_ms, spec.start_ms) + life;
  if (spec.expires_ms <= std::max(now_ms, spec.start_ms))
    reader.reject("expires_at", "before the rollout could start");
  spec.rate_per_minute = static_cast<std::uint32_t>(bounded(reader, "rate_per_minute", 0, 1'000'000));
  spec.max_in_flight = static_cast<std::uint32_t>(bounded(reader, "max_in_flight", 0, 10'000'000));
  spec.attempt_timeout_ms = duration(reader, "attempt_timeout", kDefaultAttempt);
  spec.retries = static_cast<std::uint32_t>(bounded(reader, "retries", 0, 100));
  spec.retry_delay_ms = duration(reader, "retry_delay", kDefaultRetryDelay);
  spec.cancel_timeout_ms = duration(reader, "cancel_timeout", kDefaultCancel);
  spec.approval = flag(value, reader, "approval");
  spec.joining = parse_joining(reader);
  spec.accept_unsigned = flag(value, reader, "unsigned");
  if (contents.empty()) reader.reject("contents", "nothing to install");
  STRATUS_CHECK(reader.done());
  for (const json::value& one : contents) {
    STRATUS_TRY(content, parse_content(one, fmt::format("contents[{}]", spec.contents.size())));
    for (const Content& other : spec.contents) {
      // Contents for a screen share one name; each is a version of its own.
      const bool same =
          wire::update_kind_of(content.name) != wire::UpdateKind::content || other.version == content.version;
      if (other.name == content.name && same)
        return fail(ErrorCode::invalid, fmt::format("contents: {} stands there twice", content.name));
    }
    spec.contents.push_back(std::move(content));
  }
  const json::value* const targets = value.get_object().if_contains("targets");
  if (targets == nullptr) return fail(ErrorCode::invalid, "targets: missing");
  STRATUS_TRY(parsed_targets, parse_targets(*targets));
  spec.targets = std::move(parsed_targets);
  STRATUS_CHECK(parse_waves(waves, spec));
  if (const json::value* const window = value.get_object().if_contains("window")) {
    STRATUS_TRY(parsed, parse_window(*window));
    spec.window = parsed;
  }
  if (spec.title.empty()) spec.title = spec.contents.front().name + ":" + spec.contents.front().version;
  return spec;
}

json::object encode_spec(const Spec& spec) {
  json::array contents;
  for (const Content& content : spec.contents) {
    json::object one{{"name", content.name}, {"version", content.version}};
    if (!content.digest.empty()) one["digest"] = content.digest.text();
    contents.push_back(std::move(one));
  }
  json::object targets{{"all", spec.targets.all},
                       {"devices", texts(spec.targets.devices)},
                       {"groups", texts(spec.targets.groups)},
                       {"regions", texts(spec.targets.regions)},
                       {"filter", spec.targets.filter}};
  json::array waves;
  for (const Wave& wave : spec.waves) waves.push_back(encode_wave(wave));
  json::object object{{"title", spec.title},
                      {"contents", std::move(contents)},
                      {"targets", std::move(targets)},
                      {"waves", std::move(waves)},
                      {"expires_at", format_time_ms(spec.expires_ms)},
                      {"rate_per_minute", spec.rate_per_minute},
                      {"max_in_flight", spec.max_in_flight},
                      {"attempt_timeout_ms", spec.attempt_timeout_ms},
                      {"retries", spec.retries},
                      {"retry_delay_ms", spec.retry_delay_ms},
                      {"cancel_timeout_ms", spec.cancel_timeout_ms},
                      {"approval", spec.approval},
                      {"joining", json::string(word_for(spec.joining))}};
  if (spec.accept_unsigned) object["unsigned"] = true;
  if (spec.start_ms != 0) object["start_at"] = format_time_ms(spec.start_ms);
  if (spec.window) {
    json::array days;
    for (unsigned day = 0; day < 7; ++day) {
      if ((spec.window->days >> day & 1) != 0) days.push_back(json::string(day_name(day)));
    }
    object["window"] = {{"days", std::move(days)},
                        {"from", format_minute(spec.window->from_minute)},
                        {"to", format_minute(spec.window->to_minute)}};
  }
  return object;
}

std::string encode_spec_text(const Spec& spec) { return json::serialize(encode_spec(spec)); }

Result<Spec> parse_spec_text(std::string_view text, std::int64_t now_ms) {
  STRATUS_TRY(value, parse_json(text, Spec::kMaxEncoded));
  return parse_spec(value, now_ms);
}

}  // namespace stratus::rollout
