// MQTT 5.0 control packets (OASIS standard of 7 March 2019) as values, and their bytes. No I/O, no state.
//
// Decoded packets view the bytes they were decoded from. Everything that came over the network is bounded and
// checked: lengths, UTF-8 without NUL, flags, property ids, their types and where they may stand. AUTH and
// the versions before 5 are refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "stratus/base/bytes.hpp"
#include "stratus/base/result.hpp"

namespace stratus::wire::mqtt {

enum class PacketType : std::uint8_t {
  connect = 1,
  connack = 2,
  publish = 3,
  puback = 4,
  pubrec = 5,
  pubrel = 6,
  pubcomp = 7,
  subscribe = 8,
  suback = 9,
  unsubscribe = 10,
  unsuback = 11,
  pingreq = 12,
  pingresp = 13,
  disconnect = 14,
};

// The properties that somebody here reads or writes. The others of the standard are checked and skipped.
struct Properties {
  std::optional<std::uint32_t> session_expiry;  // seconds
  std::optional<std::uint32_t> message_expiry;  // seconds
  std::optional<std::uint32_t> max_packet_size;
  std::optional<std::uint16_t> receive_maximum;
  std::optional<std::uint16_t> server_keep_alive;  // seconds
  std::optional<std::uint16_t> topic_alias;        // never negotiated here, so a peer that uses it is wrong
  std::optional<std::uint8_t> maximum_qos;
  std::string_view content_type;
  std::string_view response_topic;
  std::string_view assigned_client_id;
  std::string_view reason;  // for people
  BytesView correlation;
};

struct Will {
  std::string_view topic;
  BytesView payload;
  std::uint8_t qos = 1;
  bool retain = false;
};

struct Connect {
  std::string_view client_id;
  std::uint16_t keep_alive = 60;  // seconds
  bool clean_start = false;
  std::optional<Will> will;
  std::optional<std::string_view> username;
  std::optional<BytesView> password;
  Properties properties;
};

struct ConnAck {
  bool session_present = false;
  std::uint8_t reason = 0;
  Properties properties;
};

struct Publish {
  std::string_view topic;
  BytesView payload;
  std::uint16_t packet_id = 0;  // 1 … 65535 with QoS 1 and 2
  std::uint8_t qos = 0;
  bool retain = false;
  bool duplicate = false;
  Properties properties;
};

// PUBACK, PUBREC, PUBREL and PUBCOMP.
struct PublishAck {
  PacketType type = PacketType::puback;
  std::uint16_t packet_id = 0;
  std::uint8_t reason = 0;
  Properties properties;
};

struct Subscription {
  std::string_view filter;
  std::uint8_t options = 1;  // bits 0–1 QoS, 2 no local, 3 retain as published, 4–5 retain handling
};

struct Subscribe {
  std::uint16_t packet_id = 0;
  std::vector<Subscription> filters;  // 1 … kMaxFilters
};

struct Unsubscribe {
  std::uint16_t packet_id = 0;
  std::vector<std::string_view> filters;
};

// SUBACK and UNSUBACK.
struct FilterAck {
  PacketType type = PacketType::suback;
  std::uint16_t packet_id = 0;
  std::vector<std::uint8_t> reasons;
};

struct Ping {
  PacketType type = PacketType::pingreq;
};

struct Disconnect {
  std::uint8_t reason = 0;
  Properties properties;
};

using Packet =
    std::variant<Connect, ConnAck, Publish, PublishAck, Subscribe, FilterAck, Unsubscribe, Ping, Disconnect>;

constexpr std::size_t kMaxFilters = 256;

// Where a packet begins and how long it is. `nullopt`: more bytes are needed to tell.
struct FrameHead {
  std::uint8_t first = 0;  // type and flags
  std::size_t head_size = 0;
  std::size_t body_size = 0;
};
// `invalid` for a length that is not in the shortest form or above `max_packet` bytes in all.
Result<std::optional<FrameHead>> read_frame_head(BytesView bytes, std::size_t max_packet);

// `invalid` for anything that the standard calls malformed or a protocol error within one packet.
Result<Packet> decode(std::uint8_t first, BytesView body);

// Appends the packet. `invalid` when a text is longer than 65,535 bytes, not UTF-8, or a topic is no topic;
// `out` is then as it was.
Result<void> encode(const Packet& packet, std::string& out);

// Topics that can be published to (no wildcards, not empty) and filters (wildcards where they may be).
bool is_topic_name(std::string_view topic);
bool is_topic_filter(std::string_view filter);
// Whether `topic` is one of what `filter` selects ('+', '#'; "$…" is not selected by a wildcard in front).
bool filter_matches(std::string_view filter, std::string_view topic);

// "not authorised" for 135 and so on; a number in words for what is not known.
std::string describe_reason(std::uint8_t reason);

}  // namespace stratus::wire::mqtt
