#include <algorithm>

#include "stratus/wire/mqtt/packet.hpp"
#include "stratus/wire/mqtt/properties.hpp"

namespace stratus::wire::mqtt {
namespace {

Will read_will(FieldReader& reader, std::uint8_t flags) {
  Will will;
  will.qos = flags >> 3 & 3;
  will.retain = (flags & 0x20) != 0;
  (void)read_properties(reader, PropertyPlace::will);
  will.topic = reader.text();
  will.payload = reader.binary();
  if (will.qos == 3) reader.reject("a will with QoS 3");
  if (!is_topic_name(will.topic)) reader.reject("a will without a topic");
  return will;
}

Connect read_connect(FieldReader& reader) {
  Connect connect;
  if (reader.text() != "MQTT" || reader.byte() != 5) {
    reader.reject("not MQTT 5");
    return connect;
  }
  const std::uint8_t flags = reader.byte();
  if ((flags & 1) != 0) reader.reject("a reserved flag");
  connect.clean_start = (flags & 2) != 0;
  connect.keep_alive = reader.two_bytes();
  connect.properties = read_properties(reader, PropertyPlace::connect);
  connect.client_id = reader.text();
  if ((flags & 4) != 0) {
    connect.will = read_will(reader, flags);
  } else if ((flags & 0x38) != 0) {
    reader.reject("will flags without a will");
  }
  if ((flags & 0x80) != 0) connect.username = reader.text();
  if ((flags & 0x40) != 0) connect.password = reader.binary();
  return connect;
}

ConnAck read_connack(FieldReader& reader) {
  ConnAck answer;
  const std::uint8_t flags = reader.byte();
  if (flags > 1) reader.reject("a reserved flag");
  answer.session_present = flags == 1;
  answer.reason = reader.byte();
  if (answer.session_present && answer.reason != 0) reader.reject("a session with a refusal");
  answer.properties = read_properties(reader, PropertyPlace::connack);
  return answer;
}

Publish read_publish(FieldReader& reader, std::uint8_t flags) {
  Publish publish;
  publish.qos = flags >> 1 & 3;
  publish.retain = (flags & 1) != 0;
  publish.duplicate = (flags & 8) != 0;
  if (publish.qos == 3) reader.reject("QoS 3");
  if (publish.duplicate && publish.qos == 0) reader.reject("a duplicate with QoS 0");
  publish.topic = reader.text();
  if (publish.qos > 0) {
    publish.packet_id = reader.two_bytes();
    if (publish.packet_id == 0) reader.reject("packet identifier 0");
  }
  publish.properties = read_properties(reader, PropertyPlace::publish);
  // An empty topic goes with an alias. The session refuses those, because it offers none.
  const bool aliased = publish.topic.empty() && publish.properties.topic_alias.has_value();
  if (!aliased && !is_topic_name(publish.topic)) reader.reject("not a topic");
  const std::string_view answer_to = publish.properties.response_topic;
  if (!answer_to.empty() && !is_topic_name(answer_to)) reader.reject("a response topic with wildcards");
  publish.payload = reader.rest();
  return publish;
}

PublishAck read_publish_ack(FieldReader& reader, PacketType type) {
  PublishAck ack;
  ack.type = type;
  ack.packet_id = reader.two_bytes();
  if (ack.packet_id == 0) reader.reject("packet identifier 0");
  if (!reader.at_end()) ack.reason = reader.byte();
  if (!reader.at_end()) ack.properties = read_properties(reader, PropertyPlace::publish_ack);
  return ack;
}

Subscribe read_subscribe(FieldReader& reader) {
  Subscribe subscribe;
  subscribe.packet_id = reader.two_bytes();
  if (subscribe.packet_id == 0) reader.reject("packet identifier 0");
  (void)read_properties(reader, PropertyPlace::subscribe);
  while (!reader.at_end() && !reader.failed()) {
    Subscription wanted;
    wanted.filter = reader.text();
    wanted.options = reader.byte();
    const bool reserved = (wanted.options & 0xC0) != 0 || (wanted.options & 3) == 3;
    if (reserved || (wanted.options >> 4 & 3) == 3) reader.reject("subscription options");
    if (!is_topic_filter(wanted.filter)) reader.reject("not a topic filter");
    if (subscribe.filters.size() == kMaxFilters) reader.reject("more filters than allowed here");
    subscribe.filters.push_back(wanted);
  }
  if (subscribe.filters.empty()) reader.reject("a subscription to nothing");
  return subscribe;
}

Unsubscribe read_unsubscribe(FieldReader& reader) {
  Unsubscribe unsubscribe;
  unsubscribe.packet_id = reader.two_bytes();
  if (unsubscribe.packet_id == 0) reader.reject("packet identifier 0");
  (void)read_properties(reader, PropertyPlace::unsubscribe);
  while (!reader.at_end() && !reader.failed()) {
    const std::string_view filter = reader.text();
    if (!is_topic_filter(filter)) reader.reject("not a topic filter");
    if (unsubscribe.filters.size() == kMaxFilters) reader.reject("more filters than allowed here");
    unsubscribe.filters.push_back(filter);
  }
  if (unsubscribe.filters.empty()) reader.reject("an end of no subscription");
  return unsubscribe;
}

FilterAck read_filter_ack(FieldReader& reader, PacketType type) {
  FilterAck ack;
  ack.type = type;
  ack.packet_id = reader.two_bytes();
  if (ack.packet_id == 0) reader.reject("packet identifier 0");
  (void)read_properties(reader, PropertyPlace::publish_ack);
  const BytesView reasons = reader.rest();
  if (reasons.empty() || reasons.size() > kMaxFilters) reader.reject("a number of answers not allowed here");
  ack.reasons.assign(reasons.begin(), reasons.end());
  return ack;
}

Disconnect read_disconnect(FieldReader& reader) {
  Disconnect disconnect;
  if (!reader.at_end()) disconnect.reason = reader.byte();
  if (!reader.at_end()) disconnect.properties = read_properties(reader, PropertyPlace::disconnect);
  return disconnect;
}

// The low four bits of the first byte, fixed for every type but PUBLISH.
std::uint8_t flags_of(PacketType type) {
  using enum PacketType;
  return type == pubrel || type == subscribe || type == unsubscribe ? 2 : 0;
}

}  // namespace

Result<std::optional<FrameHead>> read_frame_head(BytesView bytes, std::size_t max_packet) {
  FrameHead head;
  std::size_t shift = 0;
  for (std::size_t at = 1; at < std::min<std::size_t>(bytes.size(), 5); ++at, shift += 7) {
    head.body_size |= static_cast<std::size_t>(bytes[at] & 0x7F) << shift;
    if ((bytes[at] & 0x80) != 0) continue;
    if (bytes[at] == 0 && at > 1) return fail(ErrorCode::invalid, "MQTT length not in its shortest form");
    head.first = bytes[0];
    head.head_size = at + 1;
    if (head.head_size + head.body_size > max_packet) {
      return fail(ErrorCode::invalid, "MQTT packet of " + std::to_string(head.body_size) +
                                          " bytes, more than " + std::to_string(max_packet));
    }
    return head;
  }
  if (bytes.size() >= 5) return fail(ErrorCode::invalid, "MQTT length of more than four bytes");
  return std::optional<FrameHead>();
}

Result<Packet> decode(std::uint8_t first, BytesView body) {
  using enum PacketType;
  FieldReader reader(body);
  const auto type = static_cast<PacketType>(first >> 4);
  const std::uint8_t flags = first & 15;
  if (type != publish && flags != flags_of(type)) reader.reject("reserved flags");
  Packet packet;
  switch (type) {
    case connect:
      packet = read_connect(reader);
      break;
    case connack:
      packet = read_connack(reader);
      break;
    case publish:
      packet = read_publish(reader, flags);
      break;
    case puback:
    case pubrec:
    case pubrel:
    case pubcomp:
      packet = read_publish_ack(reader, type);
      break;
    case subscribe:
      packet = read_subscribe(reader);
      break;
    case unsubscribe:
      packet = read_unsubscribe(reader);
      break;
    case suback:
    case unsuback:
      packet = read_filter_ack(reader, type);
      break;
    case pingreq:
    case pingresp:
      packet = Ping{type};
      break;
    case disconnect:
      packet = read_disconnect(reader);
      break;
    default:
      reader.reject("a type that is not used");
  }
  if (!reader.failed() && !reader.at_end()) reader.reject("bytes left over");
  if (reader.failed()) {
    return fail(ErrorCode::invalid,
                "MQTT packet of type " + std::to_string(first >> 4) + ": " + std::string(reader.problem()));
  }
  return packet;
}

}  // namespace stratus::wire::mqtt
