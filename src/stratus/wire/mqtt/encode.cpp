#include "stratus/wire/mqtt/packet.hpp"
#include "stratus/wire/mqtt/properties.hpp"

namespace stratus::wire::mqtt {
namespace {

constexpr std::size_t kMaxBody = 268'435'455;  // what four length bytes can say

// Writes the variable part of a packet into `body`, remembering the first text that cannot be written.
class BodyWriter {
 public:
  std::string body;
  std::string_view problem;

  void text(std::string_view value) {
    if (!is_mqtt_text(value)) problem = "a text that is too long or not UTF-8";
    if (problem.empty()) write_text(value, body);
  }
  void binary(BytesView value) {
    if (value.size() > 0xFFFF) problem = "binary data of more than 65,535 bytes";
    if (problem.empty()) write_text(as_text(value), body);
  }
  void topic(std::string_view value) {
    if (!is_topic_name(value)) problem = "not a topic";
    text(value);
  }
  void filter(std::string_view value) {
    if (!is_topic_filter(value)) problem = "not a topic filter";
    text(value);
  }
  void packet_id(std::uint16_t id) {
    if (id == 0) problem = "packet identifier 0";
    write_two_bytes(id, body);
  }
  void properties(const Properties& properties, PropertyPlace place) {
    for (const std::string_view value : {properties.content_type, properties.response_topic,
                                         properties.assigned_client_id, properties.reason}) {
      if (!is_mqtt_text(value)) problem = "a property that is too long or not UTF-8";
    }
    if (properties.correlation.size() > 0xFFFF) problem = "correlation data of more than 65,535 bytes";
    if (problem.empty()) write_properties(properties, place, body);
  }
};

std::uint8_t write_body(const Connect& connect, BodyWriter& to) {
  unsigned flags = connect.clean_start ? 2 : 0;
  if (connect.will) flags |= 4u | unsigned{connect.will->qos} << 3 | (connect.will->retain ? 0x20u : 0u);
  if (connect.username) flags |= 0x80;
  if (connect.password) flags |= 0x40;
  to.text("MQTT");
  to.body.push_back(5);
  to.body.push_back(static_cast<char>(flags));
  write_two_bytes(connect.keep_alive, to.body);
  to.properties(connect.properties, PropertyPlace::connect);
  to.text(connect.client_id);
  if (connect.will) {
    to.properties(Properties{}, PropertyPlace::will);
    to.topic(connect.will->topic);
    to.binary(connect.will->payload);
  }
  if (connect.username) to.text(*connect.username);
  if (connect.password) to.binary(*connect.password);
  return 0x10;
}

std::uint8_t write_body(const ConnAck& answer, BodyWriter& to) {
  to.body.push_back(answer.session_present ? 1 : 0);
  to.body.push_back(static_cast<char>(answer.reason));
  to.properties(answer.properties, PropertyPlace::connack);
  return 0x20;
}

std::uint8_t write_body(const Publish& publish, BodyWriter& to) {
  to.body.reserve(publish.topic.size() + publish.payload.size() + 16);
  to.topic(publish.topic);
  if (publish.qos > 0) to.packet_id(publish.packet_id);
  to.properties(publish.properties, PropertyPlace::publish);
  to.body.append(as_text(publish.payload));
  return static_cast<std::uint8_t>(0x30 | (publish.duplicate ? 8 : 0) | publish.qos << 1 |
                                   (publish.retain ? 1 : 0));
}

bool holds_nothing(const Properties& properties) { return properties.reason.empty(); }

std::uint8_t write_body(const PublishAck& ack, BodyWriter& to) {
  to.packet_id(ack.packet_id);
  if (ack.reason != 0 || !holds_nothing(ack.properties)) to.body.push_back(static_cast<char>(ack.reason));
  if (!holds_nothing(ack.properties)) to.properties(ack.properties, PropertyPlace::publish_ack);
  return static_cast<std::uint8_t>(static_cast<unsigned>(ack.type) << 4 |
                                   (ack.type == PacketType::pubrel ? 2 : 0));
}

std::uint8_t write_body(const Subscribe& subscribe, BodyWriter& to) {
  to.packet_id(subscribe.packet_id);
  to.properties(Properties{}, PropertyPlace::subscribe);
  for (const Subscription& wanted : subscribe.filters) {
    to.filter(wanted.filter);
    to.body.push_back(static_cast<char>(wanted.options));
  }
  if (subscribe.filters.empty()) to.problem = "a subscription to nothing";
  return 0x82;
}

std::uint8_t write_body(const Unsubscribe& unsubscribe, BodyWriter& to) {
  to.packet_id(unsubscribe.packet_id);
  to.properties(Properties{}, PropertyPlace::unsubscribe);
  for (const std::string_view filter : unsubscribe.filters) to.filter(filter);
  if (unsubscribe.filters.empty()) to.problem = "an end of no subscription";
  return 0xA2;
}

std::uint8_t write_body(const FilterAck& ack, BodyWriter& to) {
  to.packet_id(ack.packet_id);
  to.properties(Properties{}, PropertyPlace::publish_ack);
  to.body.append(ack.reasons.begin(), ack.reasons.end());
  return static_cast<std::uint8_t>(static_cast<unsigned>(ack.type) << 4);
}

std::uint8_t write_body(const Ping& ping, BodyWriter& /*to*/) {
  return static_cast<std::uint8_t>(static_cast<unsigned>(ping.type) << 4);
}

std::uint8_t write_body(const Disconnect& disconnect, BodyWriter& to) {
  const bool with_properties = !holds_nothing(disconnect.properties) || disconnect.properties.session_expiry;
  if (disconnect.reason != 0 || with_properties) to.body.push_back(static_cast<char>(disconnect.reason));
  if (with_properties) to.properties(disconnect.properties, PropertyPlace::disconnect);
  return 0xE0;
}

}  // namespace

Result<void> encode(const Packet& packet, std::string& out) {
  BodyWriter writer;
  const std::uint8_t first =
      std::visit([&](const auto& of_type) { return write_body(of_type, writer); }, packet);
  if (writer.body.size() > kMaxBody) writer.problem = "longer than a packet may be";
  if (!writer.problem.empty())
    return fail(ErrorCode::invalid, "MQTT packet to be sent: " + std::string(writer.problem));
  out.push_back(static_cast<char>(first));
  write_variable(static_cast<std::uint32_t>(writer.body.size()), out);
  out += writer.body;
  return {};
}

}  // namespace stratus::wire::mqtt
