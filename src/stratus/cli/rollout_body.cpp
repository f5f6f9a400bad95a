// Options of `stratus rollout create` into the JSON of the interface.
#include <charconv>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "stratus/base/json.hpp"
#include "stratus/cli/rollout.hpp"
#include "stratus/oci/reference.hpp"

namespace stratus::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxFile = 4u << 20;

Result<std::uint64_t> parse_number(std::string_view text, std::string_view what) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && !text.empty()) return value;
  return fail(ErrorCode::invalid, fmt::format("{}: '{}' is not a number", what, text));
}

std::vector<std::string> split(std::string_view text, char mark) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t at = text.find(mark);
    parts.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

json::array texts(const std::vector<std::string>& values) {
  json::array array;
  for (const std::string& value : values) array.emplace_back(json::string(value));
  return array;
}

// "5%,soak=1h,failure=5"
Result<json::object> parse_wave(const std::string& text) {
  json::object wave;
  json::array groups;
  bool first = true;
  for (const std::string& part : split(text, ',')) {
    const std::size_t equal = part.find('=');
    if (part.starts_with("group:")) {
      groups.emplace_back(json::string(part.substr(6)));
    } else if (first && part.ends_with('%')) {
      STRATUS_TRY(percent, parse_number(part.substr(0, part.size() - 1), "--wave"));
      wave["percent"] = percent;
    } else if (first) {
      STRATUS_TRY(count, parse_number(part, "--wave"));
      wave["count"] = count;
    } else if (equal == std::string::npos) {
      return fail(ErrorCode::invalid, fmt::format("--wave: '{}' is not NAME=VALUE", part));
    } else if (const std::string key = part.substr(0, equal), value = part.substr(equal + 1); key == "soak") {
      STRATUS_TRY(soak, parse_duration(value).with_context("--wave"));
      wave["soak_ms"] = soak;
    } else if (key == "success" || key == "failure") {
      STRATUS_TRY(percent, parse_number(value, "--wave"));
      wave[key + "_percent"] = percent;
    } else {
      return fail(ErrorCode::invalid, fmt::format("--wave: '{}' is none of soak, success, failure", key));
    }
    first = false;
  }
  if (!groups.empty()) wave["groups"] = std::move(groups);
  return wave;
}

Result<json::object> parse_window(const std::string& text) {
  json::object window;
  const std::size_t space = text.rfind(' ');
  const std::string hours = space == std::string::npos ? text : text.substr(space + 1);
  const std::size_t dash = hours.find('-');
  if (dash == std::string::npos)
    return fail(ErrorCode::invalid, "--window: '" + text + "' is not like 'sat,sun 22:00-04:00'");
  window["from"] = hours.substr(0, dash);
  window["to"] = hours.substr(dash + 1);
  if (space != std::string::npos) window["days"] = texts(split(text.substr(0, space), ','));
  return window;
}

Result<json::object> read_body(const std::string& file) {
  if (file.empty()) return json::object();
  std::string text;
  if (file == "-") {
    text.assign(std::istreambuf_iterator<char>(std::cin), {});
  } else {
    std::ifstream stream(file);
    if (!stream) return fail(ErrorCode::not_found, file + ": cannot be read");
    text.assign(std::istreambuf_iterator<char>(stream), {});
  }
  STRATUS_TRY(value, parse_json(text, kMaxFile).with_context(file));
  if (!value.is_object()) return fail(ErrorCode::invalid, file + ": not a JSON object");
  return value.get_object();
}

Result<void> put_targets(const RolloutOptions& options, json::object& body) {
  json::object targets;
  if (options.all) targets["all"] = true;
  if (!options.devices.empty()) targets["devices"] = texts(options.devices);
  if (!options.groups.empty()) targets["groups"] = texts(options.groups);
  if (!options.regions.empty()) targets["regions"] = texts(options.regions);
  if (!options.filter.empty()) targets["filter"] = options.filter;
  if (!targets.empty()) body["targets"] = std::move(targets);
  if (body.contains("targets")) return {};
  return fail(ErrorCode::invalid, "say whom it is for: --device, --group, --region, --filter or --all");
}

Result<void> put_duration(json::object& body, const char* key, const std::string& text) {
  if (text.empty()) return {};
  STRATUS_TRY(duration, parse_duration(text));
  body[key] = duration;
  return {};
}

}  // namespace

Result<std::int64_t> parse_duration(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const std::int64_t factor = unit == "ms"  ? 1
                              : unit == "s" ? 1000
                              : unit == "m" ? 60'000
                              : unit == "h" ? 3'600'000
                              : unit == "d" ? 86'400'000
                                            : 0;
  if (error == std::errc() && factor != 0 && value >= 0 && value <= 366LL * 86'400'000 / factor)
    return value * factor;
  return fail(ErrorCode::invalid, fmt::format("'{}' is not a time like 90s, 15m, 2h or 3d", text));
}

Result<std::string> rollout_body(const RolloutOptions& options) {
  STRATUS_TRY(body, read_body(options.file));
  json::array contents;
  for (const std::string& text : options.contents) {
    STRATUS_TRY(reference, oci::parse_reference(text));
    if (reference.tag.empty()) return fail(ErrorCode::invalid, "'" + text + "': say NAME:VERSION");
    contents.push_back(json::object{{"name", reference.name}, {"version", reference.tag}});
  }
  if (!contents.empty()) body["contents"] = std::move(contents);
  if (!body.contains("contents")) return fail(ErrorCode::invalid, "say what to bring: NAME:VERSION");
  STRATUS_CHECK(put_targets(options, body));
  json::array waves;
  for (const std::string& text : options.waves) {
    STRATUS_TRY(wave, parse_wave(text));
    waves.push_back(std::move(wave));
  }
  if (!waves.empty()) body["waves"] = std::move(waves);
  if (!options.window.empty()) {
    STRATUS_TRY(window, parse_window(options.window));
    body["window"] = std::move(window);
  }
  if (!options.title.empty()) body["title"] = options.title;
  if (!options.start_at.empty()) body["start_at"] = options.start_at;
  STRATUS_CHECK(put_duration(body, "expires_ms", options.expires).with_context("--expires"));
  STRATUS_CHECK(
      put_duration(body, "attempt_timeout_ms", options.attempt_timeout).with_context("--attempt-timeout"));
  STRATUS_CHECK(put_duration(body, "retry_delay_ms", options.retry_delay).with_context("--retry-delay"));
  if (options.rate > 0) body["rate_per_minute"] = options.rate;
  if (options.in_flight > 0) body["max_in_flight"] = options.in_flight;
  if (options.retries > 0) body["retries"] = options.retries;
  if (!options.joining.empty()) body["joining"] = options.joining;
  if (options.approval) body["approval"] = true;
  if (options.draft) body["draft"] = true;
  if (options.accept_unsigned) body["unsigned"] = true;
  return json::serialize(body);
}

}  // namespace stratus::cli
