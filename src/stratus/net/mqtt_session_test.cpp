#include "stratus/net/mqtt_session.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stratus/net/loop.hpp"

namespace stratus::net {
namespace {

namespace asio = boost::asio;
namespace mqtt = wire::mqtt;
using asio::ip::tcp;
using ::testing::ElementsAre;

// Just enough of a broker: answers CONNECT, acknowledges, and sends every message back to its sender.
class TinyBroker {
 public:
  explicit TinyBroker(const Executor& executor)
      : acceptor_(executor, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {}

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  void stop() { acceptor_.close(); }
  int connections = 0;
  int cut_at_publish = -1;  // the connection that is cut when something is published
  std::vector<std::string> published;
  std::vector<std::uint16_t> acknowledged;

  Task<void> run() {
    for (;;) {
      boost::system::error_code error;
      tcp::socket peer = co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
      if (error) co_return;
      ++connections;
      co_await serve(std::move(peer));
    }
  }

 private:
  Task<void> serve(tcp::socket peer) {
    std::string input;
    std::array<char, 4096> buffer{};
    boost::system::error_code error;
    for (;;) {
      const auto into = asio::buffer(buffer);
      const std::size_t count =
          co_await peer.async_read_some(into, asio::redirect_error(asio::use_awaitable, error));
      if (error) co_return;
      input.append(buffer.data(), count);
      std::string output;
      for (;;) {
        const auto head = mqtt::read_frame_head(as_bytes(input), 1u << 20);
        if (!head || !*head || input.size() < (*head)->head_size + (*head)->body_size) break;
        const auto body = as_bytes(input).subspan((*head)->head_size, (*head)->body_size);
        const auto packet = mqtt::decode((*head)->first, body);
        EXPECT_TRUE(packet);
        if (!packet || !answer(*packet, output)) co_return;
        input.erase(0, (*head)->head_size + (*head)->body_size);
      }
      const auto bytes = asio::buffer(output);
      co_await asio::async_write(peer, bytes, asio::redirect_error(asio::use_awaitable, error));
    }
  }

  bool answer(const mqtt::Packet& packet, std::string& output) {
    if (std::holds_alternative<mqtt::Connect>(packet)) {
      mqtt::ConnAck yes;
      yes.session_present = connections > 1;
      EXPECT_TRUE(mqtt::encode(yes, output));
    }
    if (const auto* subscribe = std::get_if<mqtt::Subscribe>(&packet)) {
      mqtt::FilterAck ack;
      ack.packet_id = subscribe->packet_id;
      ack.reasons = {1};
      EXPECT_TRUE(mqtt::encode(ack, output));
    }
    if (const auto* ack = std::get_if<mqtt::PublishAck>(&packet)) acknowledged.push_back(ack->packet_id);
    if (const auto* publish = std::get_if<mqtt::Publish>(&packet)) {
      if (connections == cut_at_publish) return false;
      published.push_back(std::string(as_text(publish->payload)) + (publish->duplicate ? " again" : ""));
      mqtt::PublishAck ack;
      ack.packet_id = publish->packet_id;
      EXPECT_TRUE(mqtt::encode(ack, output));
      mqtt::Publish back = *publish;
      back.duplicate = false;
      EXPECT_TRUE(mqtt::encode(back, output));
    }
    return true;
  }

  tcp::acceptor acceptor_;
};

struct Recorder : MqttEvents {
  explicit Recorder(const Executor& executor) : changed(executor) {}
  void on_connected(bool) override { note("connected"); }
  void on_message(const mqtt::Message& message) override {
    token = message.token;
    note(std::string(as_text(message.payload)));
  }
  void on_disconnected(const Error& why) override { note(std::string(mapping_of(why.code()).name)); }
  void note(std::string what) {
    seen.push_back(std::move(what));
    changed.notify_all();
  }
  Task<void> until(std::size_t count) {
    while (seen.size() < count) co_await changed.wait();
  }
  std::vector<std::string> seen;
  mqtt::AckToken token;
  Notifier changed;
};

class MqttSessionTest : public ::testing::Test {
 protected:
  MqttOptions options() {
    MqttOptions made;
    made.endpoint = MqttEndpoint{MqttEndpoint::Kind::plain, "127.0.0.1", broker.port()};
    made.session.client_id = "device";
    made.first_backoff = Millis(1);
    return made;
  }
  void run(Task<void> test) {
    const auto ended = loop.run(finish(std::move(test)));
    EXPECT_TRUE(ended) << ended.error().text();
  }
  Task<Result<void>> finish(Task<void> test) {
    TaskGroup tasks(loop.executor());
    tasks.spawn(broker.run());
    tasks.spawn(session.run());
    co_await std::move(test);
    co_await tasks.stop();
    co_return Result<void>();
  }

  Loop loop;
  TinyBroker broker{loop.executor()};
  Recorder events{loop.executor()};
  MqttSession session{loop.executor(), options(), events};
};

TEST_F(MqttSessionTest, PublishesReceivesAndAcknowledgesByHand) {
  const auto test = [this]() -> Task<void> {
    mqtt::PublishOptions how;
    EXPECT_TRUE(session.publish("t", "early", how));
    co_await events.until(2);
    EXPECT_TRUE(broker.acknowledged.empty());
    session.acknowledge(events.token);
    EXPECT_TRUE(session.publish("t", "late", how));
    co_await events.until(3);
    EXPECT_EQ(broker.acknowledged.size(), 1u);
  };
  run(test());
  EXPECT_THAT(events.seen, ElementsAre("connected", "early", "late"));
}

TEST_F(MqttSessionTest, ComesBackAndSendsAgain) {
  broker.cut_at_publish = 1;
  const auto test = [this]() -> Task<void> {
    mqtt::PublishOptions how;
    EXPECT_TRUE(session.publish("t", "hello", how));
    co_await events.until(4);
  };
  run(test());
  EXPECT_THAT(events.seen, ElementsAre("connected", "unavailable", "connected", "hello"));
  EXPECT_THAT(broker.published, ElementsAre("hello again"));
}

TEST_F(MqttSessionTest, ReadsNothingWhileItIsHeld) {
  const auto test = [this]() -> Task<void> {
    mqtt::PublishOptions how;
    co_await events.until(1);
    session.hold(true);
    for (const std::size_t count : {1u, 2u}) {
      EXPECT_TRUE(session.publish("t", std::to_string(count), how));
      while (broker.published.size() < count) co_await sleep_for(Millis(1));
    }
    events.note("let go");
    session.hold(false);
    co_await events.until(4);
  };
  run(test());
  EXPECT_THAT(events.seen, ElementsAre("connected", "let go", "1", "2"));
}

TEST_F(MqttSessionTest, FindsADeadBrokerWhileItIsHeld) {
  broker.cut_at_publish = 1;
  const auto test = [this]() -> Task<void> {
    mqtt::PublishOptions how;
    co_await events.until(1);
    session.hold(true);
    while (events.seen.size() < 3) {
      EXPECT_TRUE(session.publish("t", "hello", how));
      co_await sleep_for(Millis(1));
    }
  };
  run(test());
  EXPECT_EQ(events.seen[1], "unavailable");
  EXPECT_EQ(events.seen[2], "connected");
}

TEST_F(MqttSessionTest, LeavesADeadBrokerWhileItIsHeld) {
  broker.cut_at_publish = 1;
  const auto test = [this]() -> Task<void> {
    co_await events.until(1);
    session.hold(true);
    for (int i = 0; i < 2; ++i) {  // the second is answered by a reset
      EXPECT_TRUE(session.publish("t", "hello", {}));
      co_await sleep_for(Millis(50));
    }
    session.reconnect();
    co_await events.until(2);
  };
  run(test());
  EXPECT_EQ(events.seen[1], "connected");
}

TEST_F(MqttSessionTest, ReconnectsWhenAskedTo) {
  const auto test = [this]() -> Task<void> {
    co_await events.until(1);
    session.reconnect();
    co_await events.until(2);
  };
  run(test());
  EXPECT_THAT(events.seen, ElementsAre("connected", "connected"));
}

TEST_F(MqttSessionTest, KeepsTryingWhileNobodyListens) {
  broker.stop();
  const auto test = [this]() -> Task<void> { co_await events.until(5); };
  run(test());
  EXPECT_THAT(events.seen, ::testing::Each("unavailable"));
}

TEST(MqttEndpoint, ReadsUrls) {
  EXPECT_EQ(parse_mqtt_endpoint("mqtts://broker.example")->text(), "mqtts://broker.example:8883");
  EXPECT_EQ(parse_mqtt_endpoint("mqtt://127.0.0.1:1/")->text(), "mqtt://127.0.0.1:1");
  EXPECT_EQ(parse_mqtt_endpoint("mqtts://[::1]:99")->text(), "mqtts://[::1]:99");
  EXPECT_EQ(parse_mqtt_endpoint("unix:/run/s")->text(), "unix:/run/s");
  for (const char* bad :
       {"", "broker", "http://x", "mqtts://", "mqtts://:1", "mqtts://x:0", "mqtts://x:65536", "mqtts://x:1y",
        "mqtts://u@x", "unix:relative", "mqtts://[::1", "mqtts://[::1]x"}) {
    EXPECT_FALSE(parse_mqtt_endpoint(bad)) << bad;
  }
}

}  // namespace
}  // namespace stratus::net
