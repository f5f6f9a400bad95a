#include "stratus/wire/mqtt/packet.hpp"

#include <gtest/gtest.h>

namespace stratus::wire::mqtt {
namespace {

Result<Packet> decode_whole(std::string_view bytes) {
  const auto head = read_frame_head(as_bytes(bytes), 1u << 20);
  if (!head) return fail(head.error());
  if (!*head) return fail(ErrorCode::invalid, "incomplete");
  EXPECT_EQ((*head)->head_size + (*head)->body_size, bytes.size());
  return decode((*head)->first, as_bytes(bytes).subspan((*head)->head_size));
}

std::string encoded(const Packet& packet) {
  std::string bytes;
  const auto result = encode(packet, bytes);
  EXPECT_TRUE(result) << result.error().text();
  return bytes;
}

TEST(MqttPacket, WritesAPublishAsTheStandardSays) {
  Publish publish;
  publish.topic = "a/b";
  publish.payload = as_bytes("hi");
  publish.packet_id = 10;
  publish.qos = 1;
  EXPECT_EQ(to_hex(as_bytes(encoded(publish))),
            "320a"
            "0003612f62"
            "000a"
            "00"
            "6869");
}

TEST(MqttPacket, ConnectComesBack) {
  const std::string will_text = "{}";
  Connect connect;
  connect.client_id = "device-1";
  connect.keep_alive = 30;
  connect.clean_start = true;
  Will will;
  will.topic = "v1/device-1/presence";
  will.payload = as_bytes(will_text);
  will.retain = true;
  connect.will = will;
  connect.username = "u";
  connect.properties.session_expiry = 3600;
  connect.properties.receive_maximum = 100;
  const std::string bytes = encoded(connect);
  const auto packet = decode_whole(bytes);
  ASSERT_TRUE(packet) << packet.error().text();
  const auto& back = std::get<Connect>(*packet);
  EXPECT_EQ(back.client_id, "device-1");
  EXPECT_EQ(back.keep_alive, 30);
  EXPECT_TRUE(back.clean_start);
  EXPECT_EQ(back.will->topic, "v1/device-1/presence");
  EXPECT_TRUE(back.will->retain);
  EXPECT_EQ(back.username, "u");
  EXPECT_FALSE(back.password);
  EXPECT_EQ(back.properties.session_expiry, 3600u);
  EXPECT_EQ(back.properties.receive_maximum, 100);
  EXPECT_EQ(encoded(*packet), bytes);
}

TEST(MqttPacket, EveryOtherPacketComesBack) {
  Publish publish;
  publish.topic = "t";
  publish.properties.message_expiry = 5;
  publish.properties.response_topic = "answer";
  const std::string correlation = "c";
  publish.properties.correlation = as_bytes(correlation);
  ConnAck connack;
  connack.properties.reason = "why";
  connack.properties.server_keep_alive = 9;
  connack.properties.maximum_qos = 1;
  connack.properties.max_packet_size = 1000;
  const Disconnect disconnect{142, {}};
  const std::vector<Packet> packets{publish,
                                    connack,
                                    PublishAck{PacketType::puback, 1, 0, {}},
                                    PublishAck{PacketType::pubrel, 1, 146, {}},
                                    Subscribe{3, {{"v1/+/a", 1}, {"#", 0}}},
                                    Unsubscribe{4, {"v1/#"}},
                                    FilterAck{PacketType::suback, 3, {1, 0}},
                                    FilterAck{PacketType::unsuback, 4, {0}},
                                    Ping{PacketType::pingreq},
                                    Ping{PacketType::pingresp},
                                    disconnect};
  for (const Packet& packet : packets) {
    const std::string bytes = encoded(packet);
    const auto back = decode_whole(bytes);
    ASSERT_TRUE(back) << to_hex(as_bytes(bytes)) << " " << back.error().text();
    EXPECT_EQ(encoded(*back), bytes);
  }
}

TEST(MqttPacket, EveryCutIsRefused) {
  Connect connect;
  connect.client_id = "device";
  connect.properties.session_expiry = 1;
  connect.properties.receive_maximum = 2;
  const std::string bytes = encoded(connect);
  for (std::size_t size = 0; size < bytes.size() - 2; ++size) {
    EXPECT_FALSE(decode(0x10, as_bytes(bytes).subspan(2, size))) << size;
  }
}

TEST(MqttPacket, RefusesWhatTheStandardForbids) {
  struct Case {
    std::uint8_t first;
    const char* body;
    const char* because;
  };
  const Case cases[] = {
      {0x10,
       "00044d515454"
       "04"
       "02"
       "0000"
       "0000",
       "not MQTT 5"},
      {0x10,
       "00044d515454"
       "05"
       "03"
       "0000"
       "00"
       "0000",
       "reserved flag"},
      {0x10,
       "00044d515454"
       "05"
       "0a"
       "0000"
       "00"
       "0000",
       "will flags without a will"},
      {0x36,
       "000161"
       "0001"
       "00",
       "QoS 3"},
      {0x38,
       "000161"
       "00",
       "duplicate with QoS 0"},
      {0x32,
       "000161"
       "0000"
       "00",
       "packet identifier 0"},
      {0x30,
       "000123"
       "00",
       "not a topic"},
      {0x30,
       "000100"
       "00",
       "not UTF-8"},
      {0x30,
       "0002c080"
       "00",
       "not UTF-8"},
      {0x30,
       "0003eda080"
       "00",
       "not UTF-8"},
      {0x30,
       "0000"
       "00",
       "not a topic"},
      {0x30,
       "000161"
       "04"
       "0101"
       "0101",
       "stands twice"},
      {0x30,
       "000161"
       "03"
       "230000",
       "topic alias of 0"},
      {0x30,
       "000161"
       "05"
       "1100000001",
       "does not belong here"},
      {0x30,
       "000161"
       "02"
       "7f01",
       "does not belong here"},
      {0x30,
       "000161"
       "05"
       "0101",
       "cut short"},
      {0x30,
       "000161"
       "0c"
       "0800"
       "0123",
       "cut short"},
      {0x30,
       "000161"
       "04"
       "08"
       "000123",
       "response topic with wildcards"},
      {0x30,
       "000161"
       "8000",
       "shortest form"},
      {0x82,
       "0001"
       "00"
       "000161",
       "cut short"},
      {0x82,
       "0001"
       "00",
       "subscription to nothing"},
      {0x82,
       "0001"
       "00"
       "000161"
       "03",
       "subscription options"},
      {0x80,
       "0001"
       "00"
       "000161"
       "01",
       "reserved flags"},
      {0x90,
       "0001"
       "00",
       "number of answers"},
      {0xd0, "00", "left over"},
      {0xf0, "00", "not used"},
      {0x00, "", "not used"},
      {0x20,
       "0200"
       "00",
       "reserved flag"},
      {0x20,
       "0000"
       "03"
       "210000",
       "receive maximum of 0"},
      {0x20,
       "0187"
       "00",
       "session with a refusal"},
  };
  for (const Case& refused : cases) {
    const auto body = from_hex(refused.body);
    ASSERT_TRUE(body) << refused.body;
    const auto packet = decode(refused.first, *body);
    ASSERT_FALSE(packet) << refused.because << " " << refused.body;
    EXPECT_NE(packet.error().text().find(refused.because), std::string::npos)
        << refused.body << ": " << packet.error().text();
  }
}

TEST(MqttPacket, FrameHeadsAreBounded) {
  EXPECT_FALSE(read_frame_head(as_bytes(""), 100)->has_value());
  EXPECT_FALSE(read_frame_head(as_bytes("\x30"), 100)->has_value());
  EXPECT_FALSE(read_frame_head(as_bytes("\x30\x80"), 1000)->has_value());
  EXPECT_TRUE(read_frame_head(as_bytes("\x30\x62"), 100)->has_value());
  EXPECT_FALSE(read_frame_head(as_bytes("\x30\x63"), 100)) << "101 bytes in all";
  EXPECT_FALSE(read_frame_head(as_bytes("\x30\xff\xff\xff\xff"), ~std::size_t{0})) << "five length bytes";
  EXPECT_FALSE(read_frame_head(as_bytes(std::string_view("\x30\x80\x00", 3)), 100))
      << "not the shortest form";
}

TEST(MqttPacket, WillNotWriteWhatCannotBeRead) {
  std::string out = "before";
  const std::string long_text(70'000, 'a');
  Publish publish;
  publish.topic = long_text;
  EXPECT_FALSE(encode(publish, out));
  publish.topic = "a/+";
  EXPECT_FALSE(encode(publish, out));
  publish.topic = "a\xff";
  EXPECT_FALSE(encode(publish, out));
  publish.topic = "a";
  publish.qos = 1;
  EXPECT_FALSE(encode(publish, out)) << "no packet identifier";
  EXPECT_FALSE(encode(Subscribe{1, {}}, out));
  EXPECT_FALSE(encode(Subscribe{1, {{"a#", 1}}}, out));
  EXPECT_EQ(out, "before");
}

TEST(MqttTopic, FiltersSelectAsTheStandardSays) {
  EXPECT_TRUE(filter_matches("v1/+/update/progress", "v1/d/update/progress"));
  EXPECT_FALSE(filter_matches("v1/+/update/progress", "v1/d/x/update/progress"));
  EXPECT_TRUE(filter_matches("v1/#", "v1"));
  EXPECT_TRUE(filter_matches("v1/#", "v1/a/b"));
  EXPECT_FALSE(filter_matches("v1/a", "v1/a/b"));
  EXPECT_FALSE(filter_matches("v1/a/b", "v1/a"));
  EXPECT_TRUE(filter_matches("+/a", "/a"));
  EXPECT_FALSE(filter_matches("#", "$SYS/broker"));
  EXPECT_TRUE(filter_matches("$SYS/#", "$SYS/broker"));
  EXPECT_FALSE(is_topic_filter("a/#/b"));
  EXPECT_FALSE(is_topic_filter("a+/b"));
  EXPECT_TRUE(is_topic_filter("+/+/#"));
}

}  // namespace
}  // namespace stratus::wire::mqtt
