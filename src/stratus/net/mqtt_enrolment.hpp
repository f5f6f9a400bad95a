// A device's side of enrolment over MQTT: the request on `v1/{client}/regist`, the reply on `…/regist/ack`.
#pragma once

#include <filesystem>
#include <string>

#include "stratus/base/clock.hpp"
#include "stratus/base/result.hpp"
#include "stratus/net/mqtt_session.hpp"
#include "stratus/net/task.hpp"

namespace stratus::net {

// Asks the broker at `endpoint`, under a random client id, and answers the reply as it came
// (wire::parse_enrol_reply). `timeout` when there was none after `patience`, with what was in the way.
Task<Result<std::string>> ask_to_enrol(Executor executor, MqttEndpoint endpoint,
                                       std::filesystem::path ca_file, std::string body, Millis patience);

}  // namespace stratus::net
