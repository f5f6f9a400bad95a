#include "stratus/net/mqtt_broker_config.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "stratus/wire/topics.hpp"

namespace stratus::net {
namespace {

void append_bridge(std::string& text, const BrokerBridge& bridge) {
  text += fmt::format(
      "\nconnection upstream\n"
      "address {}:{}\n"
      "bridge_protocol_version mqttv50\n"
      "bridge_cafile {}\n"
      "bridge_certfile {}\n"
      "bridge_keyfile {}\n"
      "bridge_tls_version tlsv1.2\n"
      "remote_clientid {}\n"
      "local_clientid /upstream/{}\n"  // no device can be called so and take this session over
      "cleansession false\n"
      "try_private true\n"
      "notifications false\n"
      "restart_timeout 1 20\n"
      "keepalive_interval 30\n",
      bridge.host, bridge.port, bridge.ca_file.string(), bridge.certificate.string(), bridge.key.string(),
      bridge.name, bridge.name);
  for (const std::string_view suffix : wire::kUpwardTopics) {
    text += fmt::format("topic v1/+/{} out 1 \"\" gw/{}/\n", suffix, bridge.name);
  }
  for (const std::string_view suffix : wire::kDownwardTopics) {
    text += fmt::format("topic v1/+/{} in 1 \"\" gw/{}/\n", suffix, bridge.name);
  }
}

// Unacknowledged messages of one client, a gateway's bridge among them: 1,000 a second with 200 ms there and
// back. One turn of mosquitto's loop takes what 1,000 clients sent, before it looks at what their receiver
// acknowledged.
constexpr int kInFlight = 200;

// Strangers can open sessions here: a bound on memory holds where counting does not.
constexpr std::string_view kEnrolmentBounds =
    "memory_limit 67108864\n"
    "retain_available false\n"
    "max_keepalive 60\n"
    "persistent_client_expiration 1h\n";

}  // namespace

std::filesystem::path bulk_socket(const std::filesystem::path& socket) { return socket.string() + "-tls"; }

Result<std::string> broker_config_text(const BrokerConfig& config) {
  std::string text =
      "# Written by Stratus at each start; changes are lost.\n"
      "per_listener_settings true\n"
      "persistence false\n"
      "log_dest stderr\n"
      "log_timestamp false\n"
      "log_type error\n"
      "log_type warning\n"
      "connection_messages false\n"
      "sys_interval 0\n"
      "set_tcp_nodelay true\n";
  text += fmt::format("max_inflight_messages {}\n", kInFlight);
  text += config.enrolment ? kEnrolmentBounds : "max_keepalive 3600\npersistent_client_expiration 1d\n";
  if (config.as_root) text += "user root\n";
  text += fmt::format("max_queued_messages {}\nmax_queued_bytes {}\nmax_packet_size {}\n", config.max_queued,
                      config.max_queued_bytes, config.max_payload + 1024);
  text += fmt::format("\nlistener 0 {}\nallow_anonymous true\n", config.socket.string());
  text += fmt::format("\nlistener 0 {}\nallow_anonymous true\ncertfile {}\nkeyfile {}\n",
                      bulk_socket(config.socket).string(), config.certificate.string(), config.key.string());
  text += fmt::format(
      "\nlistener {} {}\n"
      "certfile {}\nkeyfile {}\n"
      "tls_version tlsv1.2\n"
      "ciphers ECDHE+AES128GCM:ECDHE+AESGCM:ECDHE+CHACHA20\n"
      "acl_file {}\n"
      "max_connections {}\n"
      "max_topic_alias 0\n"
      "max_qos 1\n",
      config.port, config.address, config.certificate.string(), config.key.string(),
      (config.directory / "access").string(), config.max_connections);
  text += config.enrolment ? "allow_anonymous true\n"
                           : fmt::format(
                                 "cafile {}\n"
                                 "require_certificate true\n"
                                 "use_identity_as_username true\n"
                                 "use_username_as_clientid true\n"
                                 "allow_anonymous false\n",
                                 config.ca_file.string());
  if (!config.crl.empty()) text += fmt::format("crlfile {}\n", config.crl.string());
  for (const BrokerBridge& bridge : config.bridges) append_bridge(text, bridge);
  // A path with a line break would be another setting.
  const auto breaks = [](const std::string& value) {
    return value.find_first_of("\r\n") != std::string::npos;
  };
  std::vector<std::string> written{
      config.directory.string(),   config.socket.string(), config.address,     config.ca_file.string(),
      config.certificate.string(), config.key.string(),    config.crl.string()};
  for (const BrokerBridge& bridge : config.bridges) {
    written.insert(written.end(), {bridge.host, bridge.name, bridge.ca_file.string(),
                                   bridge.certificate.string(), bridge.key.string()});
  }
  if (std::any_of(written.begin(), written.end(), breaks))
    return fail(ErrorCode::invalid, "a path or name for the broker holds a line break");
  return text;
}

std::string enrolment_access_text() {
  return "# Written by Stratus; changes are lost. %c is the client's id.\n"
         "pattern write v1/%c/regist\n"
         "pattern read v1/%c/regist/ack\n";
}

std::string broker_access_text(const BrokerAccess& access) {
  std::string text = "# Written by Stratus; changes are lost. %u is the CN of the client's certificate.\n";
  for (const std::string_view suffix : wire::kUpwardTopics)
    text += fmt::format("pattern write v1/%u/{}\n", suffix);
  for (const std::string_view suffix : wire::kDownwardTopics)
    text += fmt::format("pattern read v1/%u/{}\n", suffix);
  for (const std::string& gateway : access.gateways) {
    if (access.denied.contains(gateway)) continue;
    text += fmt::format("\nuser {}\n", gateway);
    for (const std::string_view suffix : wire::kUpwardTopics)
      text += fmt::format("topic write gw/{}/v1/+/{}\n", gateway, suffix);
    for (const std::string_view suffix : wire::kDownwardTopics)
      text += fmt::format("topic read gw/{}/v1/+/{}\n", gateway, suffix);
  }
  // Before the patterns in effect: what is denied to a user by name stays denied.
  for (const std::string& device : access.denied) text += fmt::format("\nuser {}\ntopic deny #\n", device);
  return text;
}

}  // namespace stratus::net
