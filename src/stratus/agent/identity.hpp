// The device's identity in the agent: DATA/identity (net/identity_files.hpp).
#pragma once

#include <filesystem>
#include <string>

#include "stratus/agent/config.hpp"
#include "stratus/agent/notifier.hpp"
#include "stratus/base/result.hpp"

namespace stratus::agent {

// Where certificate and key are; "" before the enrolment.
std::filesystem::path identity_file(const AgentConfig& config);

// Fills in what the enrolment decided: the device's id, the server when none is given, the roots to trust.
// Unchanged before the enrolment. `conflict` when the configuration names another device.
Result<AgentConfig> adopt_identity(AgentConfig config);

// The value of the Stratus-Signature field for a message of this device; "" before the enrolment.
Result<std::string> sign(const AgentConfig& config, std::string_view kind, std::uint64_t counter,
                         std::string_view body);

class MqttLink;
// A fresh certificate well before the end of the one in use, until `stopping` says so: over MQTT while that
// is connected, else over HTTPS. `config`, `stopped` (which wakes it) and `mqtt` (may be null) must outlive
// it.
net::Task<void> keep_identity(net::Executor executor, const AgentConfig& config, Notifier& stopped,
                              const bool& stopping, MqttLink* mqtt);

struct EnrolCommand {
  std::string mqtt;  // "mqtts://HOST:PORT", to enrol over MQTT
  std::string server, code, device, ca, ca_fingerprint;
  std::filesystem::path data;
  bool json = false;
};
// `stratus-agent enrol`: runs its own loop, prints who the device is now.
Result<void> enrol(const EnrolCommand& command);

}  // namespace stratus::agent
