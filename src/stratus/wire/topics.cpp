#include "stratus/wire/topics.hpp"

#include <utility>

#include "stratus/wire/report.hpp"

namespace stratus::wire {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kOtherNames{{
    {"firmware/download/request/ack", "update/request/ack"},
    {"firmware/download/progress", "update/progress"},
    {"firmware/download/result", "update/result"},
    {"firmware/download/cancel/ack", "update/cancel/ack"},
}};

// Cuts "id/" off the front; empty when there is no valid id.
std::string_view take_id(std::string_view& topic) {
  const std::size_t end = topic.find('/');
  if (end == std::string_view::npos) return {};
  const std::string_view id = topic.substr(0, end);
  topic.remove_prefix(end + 1);
  return is_device_id(id) ? id : std::string_view();
}

bool take_prefix(std::string_view& topic, std::string_view prefix) {
  if (!topic.starts_with(prefix)) return false;
  topic.remove_prefix(prefix.size());
  return true;
}

}  // namespace

std::optional<DeviceTopic> parse_device_topic(std::string_view topic) {
  DeviceTopic parsed;
  if (take_prefix(topic, "gw/")) {
    parsed.gateway = take_id(topic);
    if (parsed.gateway.empty()) return std::nullopt;
  }
  if (!take_prefix(topic, "v1/")) return std::nullopt;
  parsed.device = take_id(topic);
  if (parsed.device.empty() || topic.empty()) return std::nullopt;
  parsed.suffix = topic;
  for (const auto& [other, name] : kOtherNames) {
    if (topic == other) parsed.suffix = name;
  }
  return parsed;
}

std::string device_topic(std::string_view device, std::string_view suffix, std::string_view gateway) {
  std::string topic;
  if (!gateway.empty()) topic.append("gw/").append(gateway).append("/");
  return topic.append("v1/").append(device).append("/").append(suffix);
}

}  // namespace stratus::wire
