#include "stratus/wire/report.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include "stratus/base/json.hpp"
#include "stratus/wire/content_order.hpp"

namespace stratus::wire {

namespace json = boost::json;

std::string encode_report(const DeviceReport& report) {
  json::object message{{"device", report.device},
                       {"sequence", report.sequence},
                       {"name", report.name},
                       {"state", report.state},
                       {"time_ms", report.time_ms}};
  const auto put_text = [&](std::string_view key, const std::string& text) {
    if (!text.empty()) message[key] = text;
  };
  const auto put_digest = [&](std::string_view key, const Digest& digest) {
    if (!digest.empty()) message[key] = digest.text();
  };
  const auto put_number = [&](std::string_view key, std::uint64_t number) {
    if (number != 0) message[key] = number;
  };
  // After a success the update was about what runs now; a device pays for every byte.
  const bool said = report.state == "committed" && report.target == report.running &&
                    report.version == report.running_version && !report.running.empty();
  if (!said) put_text("version", report.version);
  if (!said) put_digest("target", report.target);
  put_digest("running", report.running);
  put_text("running_version", report.running_version);
  put_text("reason", report.reason);
  put_text("plan", report.plan);
  put_number("bytes", report.bytes);
  put_number("duration_ms", report.duration_ms);
  put_number("downtime_ms", report.downtime_ms);
  if (report.retry_after_ms) message["retry_after_ms"] = *report.retry_after_ms;
  if (report.shown) {
    json::array shown;
    for (const ShownContent& one : *report.shown)
      shown.push_back(json::object{{"id", one.id}, {"manifest", one.manifest.text()}});
    message["shown"] = std::move(shown);
  }
  return json::serialize(message);
}

Result<DeviceReport> parse_report(std::string_view text) {
  STRATUS_TRY(value, parse_json(text, DeviceReport::kMaxEncoded));
  ObjectReader reader(value, "");
  DeviceReport report;
  report.device = reader.text("device", 64);
  report.sequence = reader.number("sequence");
  report.name = reader.text("name", 255);
  report.state = reader.text("state", 32);
  report.version = reader.optional_text("version", 128);
  report.target = reader.optional_digest("target");
  report.running = reader.optional_digest("running");
  report.running_version = reader.optional_text("running_version", 128);
  if (report.state == "committed" && report.target.empty() && report.version.empty()) {
    report.target = report.running;
    report.version = report.running_version;
  }
  report.reason = reader.optional_text("reason", 1024);
  report.plan = reader.optional_text("plan", 16);
  report.bytes = reader.optional_number("bytes", 0);
  report.duration_ms = reader.optional_number("duration_ms", 0);
  report.downtime_ms = reader.optional_number("downtime_ms", 0);
  report.time_ms = reader.number("time_ms");
  if (value.is_object() && value.get_object().contains("retry_after_ms"))
    report.retry_after_ms = reader.number("retry_after_ms");
  if (value.is_object() && value.get_object().contains("shown")) {
    report.shown.emplace();
    for (const json::value& element : reader.optional_array("shown", DeviceReport::kMaxShown)) {
      ObjectReader one(element, "shown");
      report.shown->push_back({one.text("id", 64), one.digest("manifest")});
      if (!is_content_id(report.shown->back().id)) one.reject("id", "not an id");
      STRATUS_CHECK(one.done());
    }
  }
  // One absurd number would make every later report of the device look overtaken.
  for (const auto& [key, number] :
       {std::pair("sequence", report.sequence), std::pair("bytes", report.bytes),
        std::pair("duration_ms", report.duration_ms), std::pair("downtime_ms", report.downtime_ms),
        std::pair("retry_after_ms", report.retry_after_ms.value_or(0))}) {
    if (number > DeviceReport::kMaxNumber) reader.reject(key, "more than 2^53 - 1");
  }
  if (report.time_ms > DeviceReport::kMaxTime) reader.reject("time_ms", "after the year 9999");
  if (!is_device_id(report.device)) reader.reject("device", "not a device id");
  STRATUS_CHECK(reader.done());
  return report;
}

bool is_device_id(std::string_view id) {
  if (id.empty() || id.size() > 64 || id.front() == '.') return false;
  return std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == ':' || c == '-';
  });
}

}  // namespace stratus::wire
