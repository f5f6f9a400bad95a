// The property list of MQTT 5 (section 2.2.2.2), internal to wire/mqtt.
#pragma once

#include "stratus/wire/mqtt/field_reader.hpp"
#include "stratus/wire/mqtt/packet.hpp"

namespace stratus::wire::mqtt {

// Where a property list stands; decides which properties it may hold.
enum class PropertyPlace : std::uint16_t {
  connect = 1 << 0,
  connack = 1 << 1,
  publish = 1 << 2,
  publish_ack = 1 << 3,  // also PUBREC, PUBREL, PUBCOMP, SUBACK and UNSUBACK: reason text and user properties
  subscribe = 1 << 4,
  unsubscribe = 1 << 5,
  disconnect = 1 << 6,
  will = 1 << 7,
};

Properties read_properties(FieldReader& reader, PropertyPlace place);
// Length and list. Only what `place` may carry is looked at.
void write_properties(const Properties& properties, PropertyPlace place, std::string& out);

}  // namespace stratus::wire::mqtt
