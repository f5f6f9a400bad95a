#include "stratus/wire/gateway_status.hpp"

#include <algorithm>
#include <array>

#include <boost/json.hpp>

#include "stratus/base/json.hpp"
#include "stratus/wire/report.hpp"

namespace stratus::wire {
namespace {

namespace json = boost::json;

struct Number {
  std::string_view key;
  std::uint64_t GatewayStatus::*member;
};
constexpr std::array<Number, 17> kNumbers{{
    {"interval_ms", &GatewayStatus::interval_ms},
    {"uptime_ms", &GatewayStatus::uptime_ms},
    {"cache_bytes", &GatewayStatus::cache_bytes},
    {"cache_limit", &GatewayStatus::cache_limit},
    {"cache_blobs", &GatewayStatus::cache_blobs},
    {"hits", &GatewayStatus::hits},
    {"joined", &GatewayStatus::joined},
    {"misses", &GatewayStatus::misses},
    {"passed", &GatewayStatus::passed},
    {"upstream_received", &GatewayStatus::upstream_received},
    {"upstream_sent", &GatewayStatus::upstream_sent},
    {"downstream_sent", &GatewayStatus::downstream_sent},
    {"queue_messages", &GatewayStatus::queue_messages},
    {"queue_bytes", &GatewayStatus::queue_bytes},
    {"evictions", &GatewayStatus::evictions},
    {"corrupt", &GatewayStatus::corrupt},
    {"disk_full", &GatewayStatus::disk_full},
}};

}  // namespace

std::string encode_gateway_status(const GatewayStatus& status) {
  json::object message{{"boot", status.boot}, {"version", status.version}};
  for (const Number& number : kNumbers) {
    if (status.*number.member != 0) message[number.key] = status.*number.member;
  }
  json::array devices;
  for (const std::string& device : status.devices) devices.push_back(json::string(device));
  if (!devices.empty()) message["devices"] = std::move(devices);
  return json::serialize(message);
}

Result<GatewayStatus> parse_gateway_status(std::string_view text) {
  STRATUS_TRY(value, parse_json(text, GatewayStatus::kMaxEncoded));
  ObjectReader reader(value, "");
  GatewayStatus status;
  status.boot = reader.text("boot", 32);
  status.version = reader.optional_text("version", 64);
  for (const Number& number : kNumbers) {
    status.*number.member = reader.optional_number(number.key, 0);
    if (status.*number.member > DeviceReport::kMaxNumber) reader.reject(number.key, "more than 2^53 - 1");
  }
  for (const json::value& device : reader.optional_array("devices", GatewayStatus::kMaxDevices)) {
    const json::string* const id = device.if_string();
    if (id == nullptr || !is_device_id({id->data(), id->size()})) {
      reader.reject("devices", "not an array of device ids");
      break;
    }
    status.devices.emplace_back(id->data(), id->size());
  }
  const bool hex = !status.boot.empty() && std::all_of(status.boot.begin(), status.boot.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
  if (!hex) reader.reject("boot", "not lower-case hex digits");
  STRATUS_CHECK(reader.done());
  status.interval_ms =
      std::clamp(status.interval_ms, GatewayStatus::kMinInterval, GatewayStatus::kMaxInterval);
  return status;
}

}  // namespace stratus::wire
