// The topic tree (docs/formats/mqtt.md): `v1/{device}/…` between a device and its broker, and
// `gw/{gateway}/v1/{device}/…` for what a gateway passes on between its own broker and the one above, so that
// a gateway never speaks in another's name.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace stratus::wire {

// What a device may publish, below `v1/{device}/`. Brokers allow exactly these. The frequent ones stand in
// front, because mosquitto looks through its list for each message.
inline constexpr std::array<std::string_view, 22> kUpwardTopics{
    "status/system",
    "data/metrics",
    "data/sensors",
    "status/network",
    "status/health",
    "update/progress",
    "update/result",
    "update/next",  // "what is next for me?"
    "update/request/ack",
    "update/cancel/ack",
    "status/error_log",
    "sales/data",
    "regist",
    "presence",
    "log",
    "control/response",
    "cert/renew/request",
    // Other names of update/….
    "firmware/download/request/ack",
    "firmware/download/progress",
    "firmware/download/result",
    "firmware/download/cancel/ack",
    "content/active",
};

// What a device may read, in such an order, too.
inline constexpr std::array<std::string_view, 10> kDownwardTopics{
    "stored",
    "update/next/answer",
    "update/request/container",
    "update/request/content",
    "update/request/firmware",
    "update/cancel",
    "control/command",
    "cert/renew/response",
    "regist/ack",
    "firmware/download/+",
};

struct DeviceTopic {
  std::string_view gateway;  // empty: from the device's own session
  std::string_view device;
  std::string_view suffix;  // "update/progress"; firmware/download/… comes as its update/… name
};
// Views into `topic` or constants. Nothing for a topic outside the tree, or one whose ids are none.
std::optional<DeviceTopic> parse_device_topic(std::string_view topic);

std::string device_topic(std::string_view device, std::string_view suffix, std::string_view gateway = {});

}  // namespace stratus::wire
