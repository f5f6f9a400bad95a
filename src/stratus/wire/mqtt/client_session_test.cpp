#include "stratus/wire/mqtt/client_session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stratus::wire::mqtt {
namespace {

using testing::ElementsAre;

struct Recorder : SessionEvents {
  std::vector<std::string> seen;
  std::vector<AckToken> tokens;

  void on_connected(bool session_present) override {
    seen.push_back(session_present ? "resumed" : "connected");
  }
  void on_message(const Message& message) override {
    seen.push_back(std::string(message.topic) + "=" + std::string(as_text(message.payload)));
    tokens.push_back(message.token);
  }
  void on_published(std::uint64_t ticket, std::uint8_t reason) override {
    seen.push_back("published " + std::to_string(ticket) + " " + describe_reason(reason));
  }
  void on_subscribed(const std::string& filter, std::uint8_t reason) override {
    seen.push_back("subscribed " + filter + " " + std::to_string(reason));
  }
};

// What the session wrote, as packets; the texts live in `bytes`.
struct Written {
  std::string bytes;
  std::vector<Packet> packets;
};

class MqttSession : public testing::Test {
 protected:
  Recorder events;
  SessionOptions options = [] {
    SessionOptions made;
    made.client_id = "device";
    made.max_queued = 4;
    made.receive_maximum = 2;
    return made;
  }();
  ClientSession session{options, events};
  SteadyTime now{};

  std::unique_ptr<Written> written() {
    auto written = std::make_unique<Written>();
    written->bytes = session.take_output();
    BytesView rest = as_bytes(written->bytes);
    while (!rest.empty()) {
      const auto head = read_frame_head(rest, 1u << 20);
      const std::size_t whole = (*head)->head_size + (*head)->body_size;
      written->packets.push_back(
          *decode((*head)->first, rest.subspan((*head)->head_size, (*head)->body_size)));
      rest = rest.subspan(whole);
    }
    return written;
  }
  Result<void> receive(const Packet& packet) {
    std::string bytes;
    EXPECT_TRUE(encode(packet, bytes));
    return session.receive(as_bytes(bytes), now);
  }
  void connect(bool session_present = false, std::optional<std::uint16_t> receive_maximum = {}) {
    session.start(now);
    (void)written();
    ConnAck answer;
    answer.session_present = session_present;
    answer.properties.receive_maximum = receive_maximum;
    ASSERT_TRUE(receive(answer));
  }
  Result<void> publish(std::string payload, std::uint64_t ticket = 0) {
    PublishOptions how;
    how.ticket = ticket;
    return session.publish("t", std::move(payload), how);
  }
};

TEST_F(MqttSession, ConnectsThenSubscribesEveryTime) {
  session.subscribe("v1/device/#");
  session.start(now);
  auto first = written();
  ASSERT_EQ(first->packets.size(), 1u);
  EXPECT_EQ(std::get<Connect>(first->packets[0]).client_id, "device");
  ASSERT_TRUE(receive(ConnAck{}));
  for (int i = 0; i < 2; ++i) {
    auto second = written();
    ASSERT_EQ(second->packets.size(), 1u);
    const auto& subscribe = std::get<Subscribe>(second->packets[0]);
    EXPECT_EQ(subscribe.filters[0].filter, "v1/device/#");
    ASSERT_TRUE(receive(FilterAck{PacketType::suback, subscribe.packet_id, {1}}));
    connect(true);
  }
  EXPECT_THAT(events.seen, ElementsAre("connected", "subscribed v1/device/# 1", "resumed",
                                       "subscribed v1/device/# 1", "resumed"));
}

TEST_F(MqttSession, CountsNumbersThatNeverCome) {
  connect();
  const auto number = [&](std::uint16_t id, bool duplicate = false) {
    Publish publish;
    publish.topic = "t";
    publish.qos = 1;
    publish.packet_id = id;
    publish.duplicate = duplicate;
    EXPECT_TRUE(receive(publish));
    session.acknowledge(events.tokens.back());
    return session.missing();
  };
  EXPECT_EQ(number(65'530), 0u);  // where it begins says nothing
  EXPECT_EQ(number(65'531), 0u);
  EXPECT_EQ(number(65'534), 2u);
  EXPECT_EQ(number(65'535), 2u);
  EXPECT_EQ(number(1), 2u);  // 0 is no number
  EXPECT_EQ(number(5), 5u);
  connect(true);
  EXPECT_EQ(number(5, true), 5u);  // not acknowledged: again
  EXPECT_EQ(number(9, true), 5u);  // sent before the break, first seen now
  EXPECT_EQ(number(10), 5u);
  connect(false);
  EXPECT_EQ(number(1), 5u);  // it counts anew
}

TEST_F(MqttSession, RefusalsSayWhy) {
  session.start(now);
  ConnAck answer;
  answer.reason = 135;
  const auto refused = receive(answer);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::denied);
  EXPECT_EQ(refused.error().text(), "the broker refuses the session: not authorised");

  connect();
  const auto taken = receive(Disconnect{142, {}});
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code(), ErrorCode::conflict);
}

TEST_F(MqttSession, MessagesAreSentOnceTheBrokerAnswersAndKeptUntilAcknowledged) {
  ASSERT_TRUE(publish("one", 1));
  session.start(now);
  EXPECT_EQ(written()->packets.size(), 1u) << "nothing before CONNACK";
  ASSERT_TRUE(receive(ConnAck{}));
  ASSERT_EQ(written()->packets.size(), 1u);
  EXPECT_EQ(session.queued(), 1u);
  ASSERT_TRUE(receive(PublishAck{PacketType::puback, 1, 0, {}}));
  ASSERT_TRUE(receive(PublishAck{PacketType::puback, 1, 0, {}})) << "acknowledged twice";
  EXPECT_EQ(session.queued(), 0u);
  EXPECT_THAT(events.seen, ElementsAre("connected", "published 1 success"));
}

TEST_F(MqttSession, ABreakRepeatsAsDuplicatesOnlyInTheSameSession) {
  connect(false, 1);
  ASSERT_TRUE(publish("one"));
  ASSERT_TRUE(publish("two"));
  EXPECT_EQ(written()->packets.size(), 1u) << "the window of the broker is one message";
  connect(true);
  auto resumed = written();
  ASSERT_EQ(resumed->packets.size(), 2u);
  EXPECT_TRUE(std::get<Publish>(resumed->packets[0]).duplicate);
  EXPECT_EQ(as_text(std::get<Publish>(resumed->packets[0]).payload), "one");
  EXPECT_FALSE(std::get<Publish>(resumed->packets[1]).duplicate);
  connect(false);
  auto anew = written();
  ASSERT_EQ(anew->packets.size(), 2u);
  EXPECT_FALSE(std::get<Publish>(anew->packets[0]).duplicate);
  EXPECT_EQ(as_text(std::get<Publish>(anew->packets[0]).payload), "one");
  EXPECT_EQ(as_text(std::get<Publish>(anew->packets[1]).payload), "two");
}

TEST_F(MqttSession, QueuesAreBounded) {
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(publish("x"));
  const auto full = publish("x");
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code(), ErrorCode::unavailable);
  PublishOptions at_most_once;
  at_most_once.qos = 0;
  EXPECT_FALSE(session.publish("t", "x", at_most_once)) << "not connected";
  EXPECT_EQ(session.publish("t/+", "x", {}).error().code(), ErrorCode::invalid);
}

TEST_F(MqttSession, OnlyTheOwnerAcknowledgesAndOnlyInThisConnection) {
  connect();
  Publish publish;
  publish.topic = "t";
  publish.payload = as_bytes("hello");
  publish.qos = 1;
  publish.packet_id = 7;
  ASSERT_TRUE(receive(publish));
  EXPECT_TRUE(written()->packets.empty());
  const AckToken old = events.tokens.at(0);
  connect(true);
  session.acknowledge(old);
  EXPECT_TRUE(written()->packets.empty()) << "the packet identifier may mean another message by now";
  ASSERT_TRUE(receive(publish));
  session.acknowledge(events.tokens.at(1));
  auto acks = written();
  ASSERT_EQ(acks->packets.size(), 1u);
  EXPECT_EQ(std::get<PublishAck>(acks->packets[0]).packet_id, 7);
}

TEST_F(MqttSession, ABrokerThatOverrunsTheWindowIsLeft) {
  connect();
  Publish publish;
  publish.topic = "t";
  publish.qos = 1;
  for (std::uint16_t id = 1; id <= 2; ++id) {
    publish.packet_id = id;
    ASSERT_TRUE(receive(publish));
  }
  publish.packet_id = 3;
  EXPECT_EQ(receive(publish).error().code(), ErrorCode::invalid);
}

TEST_F(MqttSession, WhoLeavesOnPurposeIsAwayToo) {
  const auto goodbye = [this](ClientSession& leaving) {
    leaving.start(now);
    (void)leaving.take_output();
    std::string bytes;
    EXPECT_TRUE(encode(ConnAck{}, bytes));
    EXPECT_TRUE(leaving.receive(as_bytes(bytes), now));
    leaving.end();
    const std::string said = leaving.take_output();
    const auto head = read_frame_head(as_bytes(said), 1u << 20);
    return std::get<Disconnect>(*decode((*head)->first, as_bytes(said).subspan((*head)->head_size))).reason;
  };
  EXPECT_EQ(goodbye(session), 0);
  options.will = WillMessage{"v1/device/presence", "{}", true};
  ClientSession missed(options, events);
  EXPECT_EQ(goodbye(missed), 4) << "the broker sends the will";
}

TEST_F(MqttSession, KeepAliveFindsADeadBroker) {
  connect();
  EXPECT_EQ(session.deadline(), now + std::chrono::seconds(60));
  now += std::chrono::seconds(59);
  ASSERT_TRUE(session.tick(now));
  EXPECT_FALSE(session.has_output());
  now += std::chrono::seconds(1);
  ASSERT_TRUE(session.tick(now));
  EXPECT_EQ(written()->packets.size(), 1u);
  EXPECT_EQ(session.deadline(), now + options.answer_timeout);
  now += options.answer_timeout;
  EXPECT_EQ(session.tick(now).error().code(), ErrorCode::timeout);

  connect();
  now += std::chrono::seconds(60);
  ASSERT_TRUE(session.tick(now));
  (void)written();
  ASSERT_TRUE(receive(Ping{PacketType::pingresp}));
  EXPECT_EQ(session.deadline(), now + std::chrono::seconds(60));
}

TEST_F(MqttSession, WhoDoesNotReadGoesOnPingingAndMissesNoAnswer) {
  connect();
  session.hold(true, now);
  for (int i = 0; i < 3; ++i) {
    now = session.deadline();
    ASSERT_TRUE(session.tick(now)) << i;
    EXPECT_EQ(written()->packets.size(), 1u) << "a ping";
  }
  session.hold(false, now);
  EXPECT_EQ(session.deadline(), now + options.answer_timeout) << "the answer waits to be read";
  EXPECT_EQ(session.tick(now + options.answer_timeout).error().code(), ErrorCode::timeout);

  connect();
  session.hold(true, now);
  connect();
  EXPECT_FALSE(session.held()) << "the answer to CONNECT has to be read";
}

TEST_F(MqttSession, PacketsMayComeInAnyPieces) {
  session.start(now);
  std::string bytes;
  ASSERT_TRUE(encode(ConnAck{}, bytes));
  Publish publish;
  publish.topic = "a";
  publish.payload = as_bytes("1");
  ASSERT_TRUE(encode(publish, bytes));
  ASSERT_TRUE(encode(publish, bytes));
  for (const char byte : bytes) ASSERT_TRUE(session.receive(as_bytes({&byte, 1}), now));
  EXPECT_THAT(events.seen, ElementsAre("connected", "a=1", "a=1"));
}

TEST_F(MqttSession, PacketIdentifiersInUseAreSkipped) {
  ClientSession busy(
      [] {
        SessionOptions made;
        made.max_queued = 70'000;
        return made;
      }(),
      events);
  busy.start(now);
  std::string bytes;
  ASSERT_TRUE(encode(ConnAck{}, bytes));
  ASSERT_TRUE(busy.receive(as_bytes(bytes), now));
  PublishOptions how;
  for (int i = 0; i < 65'600; ++i) ASSERT_TRUE(busy.publish("t", "", how));
  while (busy.has_output()) (void)busy.take_output();
  EXPECT_EQ(busy.queued(), 65'600u);
  // 65,535 are under way; the broker acknowledges number 40,000 and gets exactly that one again.
  bytes.clear();
  ASSERT_TRUE(encode(PublishAck{PacketType::puback, 40'000, 0, {}}, bytes));
  ASSERT_TRUE(busy.receive(as_bytes(bytes), now));
  const std::string next = busy.take_output();
  const auto packet = decode(static_cast<std::uint8_t>(next[0]), as_bytes(next).subspan(2));
  ASSERT_TRUE(packet);
  EXPECT_EQ(std::get<Publish>(*packet).packet_id, 40'000);
}

TEST_F(MqttSession, BytesThatAreNotMqttEndTheConnection) {
  session.start(now);
  const std::string answer =
      "HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n" + std::string(100, 'x');
  EXPECT_EQ(session.receive(as_bytes(answer), now).error().code(), ErrorCode::invalid);
}

}  // namespace
}  // namespace stratus::wire::mqtt
