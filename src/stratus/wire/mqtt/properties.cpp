#include "stratus/wire/mqtt/properties.hpp"

#include <algorithm>
#include <array>

namespace stratus::wire::mqtt {
namespace {

enum class Form : std::uint8_t { byte, two_bytes, four_bytes, variable, text, binary, text_pair };

constexpr std::uint16_t in(std::initializer_list<PropertyPlace> places) {
  std::uint16_t mask = 0;
  for (const PropertyPlace place : places)
    mask = static_cast<std::uint16_t>(mask | static_cast<unsigned>(place));
  return mask;
}

struct Known {
  std::uint8_t id;
  Form form;
  std::uint16_t places;
};

using enum PropertyPlace;

// Table 2-4 of the standard.
constexpr std::array<Known, 27> kKnown{{
    {0x01, Form::byte, in({publish, will})},                       // payload format
    {0x02, Form::four_bytes, in({publish, will})},                 // message expiry
    {0x03, Form::text, in({publish, will})},                       // content type
    {0x08, Form::text, in({publish, will})},                       // response topic
    {0x09, Form::binary, in({publish, will})},                     // correlation data
    {0x0B, Form::variable, in({publish, subscribe})},              // subscription identifier
    {0x11, Form::four_bytes, in({connect, connack, disconnect})},  // session expiry
    {0x12, Form::text, in({connack})},                             // assigned client identifier
    {0x13, Form::two_bytes, in({connack})},                        // server keep alive
    {0x15, Form::text, in({connect, connack})},                    // authentication method
    {0x16, Form::binary, in({connect, connack})},                  // authentication data
    {0x17, Form::byte, in({connect})},                             // request problem information
    {0x18, Form::four_bytes, in({will})},                          // will delay
    {0x19, Form::byte, in({connect})},                             // request response information
    {0x1A, Form::text, in({connack})},                             // response information
    {0x1C, Form::text, in({connack, disconnect})},                 // server reference
    {0x1F, Form::text, in({connack, publish_ack, disconnect})},    // reason
    {0x21, Form::two_bytes, in({connect, connack})},               // receive maximum
    {0x22, Form::two_bytes, in({connect, connack})},               // topic alias maximum
    {0x23, Form::two_bytes, in({publish})},                        // topic alias
    {0x24, Form::byte, in({connack})},                             // maximum QoS
    {0x25, Form::byte, in({connack})},                             // retain available
    {0x26, Form::text_pair,
     in({connect, connack, publish, publish_ack, subscribe, unsubscribe, disconnect,
         will})},                                      // user property
    {0x27, Form::four_bytes, in({connect, connack})},  // maximum packet size
    {0x28, Form::byte, in({connack})},                 // wildcard subscriptions available
    {0x29, Form::byte, in({connack})},                 // subscription identifiers available
    {0x2A, Form::byte, in({connack})},                 // shared subscriptions available
}};

const Known* find_known(std::uint32_t id) {
  const auto* const found =
      std::find_if(kKnown.begin(), kKnown.end(), [&](const Known& k) { return k.id == id; });
  return found == kKnown.end() ? nullptr : found;
}

void keep_number(std::uint8_t id, std::uint32_t value, Properties& into, FieldReader& reader) {
  switch (id) {
    case 0x02:
      into.message_expiry = value;
      break;
    case 0x0B:
      if (value == 0) reader.reject("a subscription identifier of 0");
      break;
    case 0x11:
      into.session_expiry = value;
      break;
    case 0x13:
      into.server_keep_alive = static_cast<std::uint16_t>(value);
      break;
    case 0x21:
      if (value == 0) reader.reject("a receive maximum of 0");
      into.receive_maximum = static_cast<std::uint16_t>(value);
      break;
    case 0x23:
      if (value == 0) reader.reject("a topic alias of 0");
      into.topic_alias = static_cast<std::uint16_t>(value);
      break;
    case 0x24:
      if (value > 1) reader.reject("a maximum QoS above 1");
      into.maximum_qos = static_cast<std::uint8_t>(value);
      break;
    case 0x27:
      if (value == 0) reader.reject("a maximum packet size of 0");
      into.max_packet_size = value;
      break;
    case 0x01:
    case 0x17:
    case 0x19:
    case 0x25:
    case 0x28:
    case 0x29:
    case 0x2A:
      if (value > 1) reader.reject("a flag that is neither 0 nor 1");
      break;
    default:
      break;
  }
}

void keep_text(std::uint8_t id, std::string_view text, Properties& into) {
  if (id == 0x03) into.content_type = text;
  if (id == 0x08) into.response_topic = text;
  if (id == 0x12) into.assigned_client_id = text;
  if (id == 0x1F) into.reason = text;
}

}  // namespace

Properties read_properties(FieldReader& reader, PropertyPlace place) {
  Properties properties;
  const std::uint32_t length = reader.variable();
  FieldReader list(reader.take(length));
  std::uint64_t seen = 0;
  while (!list.at_end() && !list.failed() && !reader.failed()) {
    const Known* const known = find_known(list.variable());
    if (known == nullptr || (known->places & static_cast<unsigned>(place)) == 0) {
      list.reject("a property that does not belong here");
      break;
    }
    const std::uint64_t bit = std::uint64_t{1} << known->id;
    const bool repeatable = known->form == Form::text_pair || (known->id == 0x0B && place == publish);
    if ((seen & bit) != 0 && !repeatable) list.reject("a property that stands twice");
    seen |= bit;
    switch (known->form) {
      case Form::byte:
        keep_number(known->id, list.byte(), properties, list);
        break;
      case Form::two_bytes:
        keep_number(known->id, list.two_bytes(), properties, list);
        break;
      case Form::four_bytes:
        keep_number(known->id, list.four_bytes(), properties, list);
        break;
      case Form::variable:
        keep_number(known->id, list.variable(), properties, list);
        break;
      case Form::text:
        keep_text(known->id, list.text(), properties);
        break;
      case Form::binary: {
        const BytesView data = list.binary();
        if (known->id == 0x09) properties.correlation = data;
        break;
      }
      case Form::text_pair:
        list.text();
        list.text();
        break;
    }
  }
  if (list.failed()) reader.reject(list.problem());
  return properties;
}

void write_properties(const Properties& properties, PropertyPlace place, std::string& out) {
  std::string list;
  const auto may = [&](std::uint8_t id) {
    if ((find_known(id)->places & static_cast<unsigned>(place)) == 0) return false;
    list.push_back(static_cast<char>(id));
    return true;
  };
  if (properties.session_expiry && may(0x11)) write_four_bytes(*properties.session_expiry, list);
  if (properties.message_expiry && may(0x02)) write_four_bytes(*properties.message_expiry, list);
  if (properties.max_packet_size && may(0x27)) write_four_bytes(*properties.max_packet_size, list);
  if (properties.receive_maximum && may(0x21)) write_two_bytes(*properties.receive_maximum, list);
  if (properties.server_keep_alive && may(0x13)) write_two_bytes(*properties.server_keep_alive, list);
  if (properties.topic_alias && may(0x23)) write_two_bytes(*properties.topic_alias, list);
  if (properties.maximum_qos && may(0x24)) list.push_back(static_cast<char>(*properties.maximum_qos));
  const auto put_text = [&](std::uint8_t id, std::string_view text) {
    if (!text.empty() && may(id)) write_text(text, list);
  };
  put_text(0x03, properties.content_type);
  put_text(0x08, properties.response_topic);
  put_text(0x12, properties.assigned_client_id);
  put_text(0x1F, properties.reason);
  put_text(0x09, as_text(properties.correlation));
  write_variable(static_cast<std::uint32_t>(list.size()), out);
  out += list;
}

}  // namespace stratus::wire::mqtt
