#include "stratus/mcu/mqtt.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace stratus::mcu::mqtt_test {
namespace {

using namespace std::string_literals;

struct Broker final : Stream {
  std::string answer, sent;
  std::size_t at = 0, piece = 1000;
  bool alive = true, ended = false;
  int closed = 0;
  bool open() override { return alive; }
  int32_t read(void* to, uint32_t size) override {
    const std::size_t n = std::min({piece, static_cast<std::size_t>(size), answer.size() - at});
    memcpy(to, answer.data() + at, n);
    at += n;
    return static_cast<int32_t>(n);
  }
  bool readable() override { return at < answer.size() || ended; }
  bool write(const void* from, uint32_t size) override {
    sent.append(static_cast<const char*>(from), size);
    return alive;
  }
  void close() override { ++closed; }
};

struct Hand final : Clock {
  uint32_t now = 5;
  uint32_t millis() override { return now; }
  uint32_t unix_time() override { return 0; }
};

struct Heard final : MqttEvents {
  std::vector<std::string> topics, payloads;
  std::vector<bool> whole;
  void on_message(const char* topic, uint32_t topic_size, const uint8_t* payload, uint32_t size,
                  bool is_whole) override {
    topics.emplace_back(topic, topic_size);
    payloads.emplace_back(reinterpret_cast<const char*>(payload), size);
    whole.push_back(is_whole);
  }
};

class McuMqtt : public testing::Test {
 protected:
  Cause connect(const std::string& answer = "\x20\x02\0\0"s, const MqttMessage* will = nullptr) {
    broker.answer = answer;
    broker.at = 0;
    broker.sent.clear();
    const Cause cause = client.connect("d1", will);
    return cause;
  }
  Cause feed(const std::string& bytes) {
    broker.answer += bytes;
    return client.poll(heard);
  }
  Broker broker;
  Hand clock;
  Heard heard;
  uint8_t buffer[64];
  MqttClient client{broker, clock, buffer, sizeof buffer};
};

TEST_F(McuMqtt, ConnectsWithAWill) {
  const MqttMessage will{"v1/d1/presence", "{}", 2, 1, true};
  ASSERT_EQ(connect("\x20\x02\0\0"s, &will), Cause::ok);
  EXPECT_EQ(broker.sent, "\x10\x22\0\4MQTT\4\x2e\0\x3c\0\2d1\0\x0ev1/d1/presence\0\2{}"s);
  EXPECT_TRUE(client.connected());
}

TEST_F(McuMqtt, SaysWhyTheBrokerRefused) {
  EXPECT_EQ(connect("\x20\x02\0\3"s), Cause::unavailable);
  EXPECT_EQ(connect("\x20\x02\0\5"s), Cause::unauthorised);
  EXPECT_EQ(connect("\x20\x02\0\1"s), Cause::protocol);
  EXPECT_EQ(connect("\x30\x02\0\0"s), Cause::protocol);
  EXPECT_EQ(connect("\x20\x02\0"s), Cause::io);
  EXPECT_EQ(connect("\x20\xff\xff\xff\xff\x01"s), Cause::protocol);
  broker.alive = false;
  EXPECT_EQ(connect(), Cause::io);
  EXPECT_FALSE(client.connected());
}

TEST_F(McuMqtt, PublishesAndSubscribesWithGrowingIds) {
  ASSERT_EQ(connect(), Cause::ok);
  broker.sent.clear();
  EXPECT_EQ(client.subscribe("a/b"), Cause::ok);
  EXPECT_EQ(client.publish({"t", "hi", 2, 1, false}), Cause::ok);
  EXPECT_EQ(client.publish({"t", "hi", 2, 0, true}), Cause::ok);
  EXPECT_EQ(broker.sent, "\x82\x08\0\1\0\3a/b\1\x32\x07\0\1t\0\2hi\x31\x05\0\1thi"s);
}

TEST_F(McuMqtt, LongPayloadsHaveLongLengths) {
  ASSERT_EQ(connect(), Cause::ok);
  broker.sent.clear();
  const std::string body(300, 'x');
  EXPECT_EQ(client.publish({"t", body.data(), 300, 1, false}), Cause::ok);
  EXPECT_EQ(broker.sent.substr(0, 3), "\x32\xb1\x02"s);  // 305
}

TEST_F(McuMqtt, HandsOutMessagesWhateverThePiecesAndAcknowledges) {
  for (std::size_t piece : {1u, 3u, 1000u}) {
    ASSERT_EQ(connect(), Cause::ok);
    broker.sent.clear();
    broker.piece = piece;
    heard = Heard();
    EXPECT_EQ(feed("\x90\x03\0\1\1\x40\x02\0\1\x32\x08\0\1t\x12\x34one\x30\x06\0\1ttwo"s), Cause::ok);
    EXPECT_EQ(heard.topics, (std::vector<std::string>{"t", "t"}));
    EXPECT_EQ(heard.payloads, (std::vector<std::string>{"one", "two"}));
    EXPECT_EQ(broker.sent, "\x40\x02\x12\x34"s);
  }
}

TEST_F(McuMqtt, CutsAMessageThatIsLongerThanItsBufferAndGoesOn) {
  ASSERT_EQ(connect(), Cause::ok);
  broker.sent.clear();
  EXPECT_EQ(feed("\x32\xcd\x01\0\1t\0\7"s + std::string(200, 'x') + "\x30\x06\0\1ttwo"s), Cause::ok);
  ASSERT_EQ(heard.payloads.size(), 2u);
  EXPECT_EQ(heard.payloads[0], std::string(59, 'x'));
  EXPECT_EQ(heard.whole, (std::vector<bool>{false, true}));
  EXPECT_EQ(broker.sent, "\x40\x02\0\7"s);
}

TEST_F(McuMqtt, EndsTheSessionOnNonsense) {
  for (const std::string& bytes : {"\x30\x01\0"s, "\x30\x03\0\5t"s, "\x34\x05\0\1t\0\1"s, "\x32\x03\0\1t"s,
                                   "\x10\x00"s, "\x30\xff\xff\xff\xff\xff"s}) {
    ASSERT_EQ(connect(), Cause::ok);
    EXPECT_EQ(feed(bytes), Cause::protocol);
    EXPECT_FALSE(client.connected());
  }
  EXPECT_TRUE(heard.topics.empty());
  ASSERT_EQ(connect(), Cause::ok);
  broker.ended = true;
  EXPECT_EQ(feed(""), Cause::io);
}

TEST_F(McuMqtt, AsksWhetherTheBrokerIsThereAndGivesUp) {
  ASSERT_EQ(connect(), Cause::ok);
  broker.sent.clear();
  clock.now += 29'000;
  EXPECT_EQ(client.poll(heard), Cause::ok);
  EXPECT_EQ(broker.sent, "");
  clock.now += 2'000;
  EXPECT_EQ(client.poll(heard), Cause::ok);
  EXPECT_EQ(broker.sent, "\xc0\0"s);
  EXPECT_EQ(feed("\xd0\0"s), Cause::ok);
  clock.now += 31'000;
  EXPECT_EQ(client.poll(heard), Cause::ok);
  clock.now += 16'000;
  EXPECT_EQ(client.poll(heard), Cause::unavailable);
  EXPECT_FALSE(client.connected());
  EXPECT_EQ(client.publish({"t", "", 0, 0, false}), Cause::conflict);
}

}  // namespace
}  // namespace stratus::mcu::mqtt_test
