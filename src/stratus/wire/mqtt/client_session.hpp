// The client's side of an MQTT 5 session: bytes and times in, bytes and events out. No sockets, no clock.
//
// The owner connects a stream, calls start(), writes what take_output() gives, feeds what it reads to
// receive(), calls tick() at deadline(), and tells closed() when the stream is gone; then it may start()
// again on a new one. Messages with QoS 1 that were accepted by publish() are sent again after a new
// connection until the broker acknowledges them. Subscriptions are made anew with each connection.
//
// What is received with QoS 1 is acknowledged by the owner, when it has stored it: until then the broker
// keeps it and sends it again after a break. So a message may come twice, and none is lost by us.
//
// Bounds: one packet (max_packet), unacknowledged messages in both directions (receive maximum), messages
// that wait to be sent (max_queued, max_queued_bytes), bytes that wait for the stream (256 KiB and one
// packet). Not thread-safe. Small while idle: simulators hold thousands.
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "stratus/base/clock.hpp"
#include "stratus/base/result.hpp"
#include "stratus/wire/mqtt/packet.hpp"

namespace stratus::wire::mqtt {

struct WillMessage {
  std::string topic;
  std::string payload;
  bool retain = false;
};

struct SessionOptions {
  std::string client_id;
  std::uint16_t keep_alive = 60;  // seconds; 0: none
  bool clean_start = false;
  std::uint32_t session_expiry = 3600;  // seconds that the broker keeps the session after a break
  std::uint16_t receive_maximum = 64;   // messages that the broker may send before we acknowledge
  std::uint16_t tolerated = 0;          // the same of a broker that does not keep to it; 0: none more
  std::uint32_t max_packet = 256u << 10;
  std::size_t max_queued = 1000;
  std::size_t max_queued_bytes = 1u << 20;
  std::size_t max_output = 256u << 10;  // bytes that wait for the stream; then messages wait in the queue
  Millis answer_timeout{20'000};        // for CONNACK and PINGRESP
  std::optional<WillMessage> will;
};

// Acknowledges one received message. One of a former connection is ignored: the broker sends that message
// again.
struct AckToken {
  std::uint32_t connection = 0;
  std::uint16_t packet_id = 0;  // 0: QoS 0, nothing to acknowledge
};

struct Message {
  std::string_view topic;
  BytesView payload;
  std::string_view response_topic;
  BytesView correlation;
  bool retained = false;
  bool duplicate = false;
  AckToken token;
};

struct PublishOptions {
  std::uint8_t qos = 1;  // 0 or 1
  bool retain = false;
  std::uint32_t expiry = 0;  // seconds after which the broker drops it; 0: never
  std::uint64_t ticket = 0;  // comes back with on_published
};

// Called from within receive(); may call publish(), acknowledge() and subscribe() of the same session.
class SessionEvents {
 public:
  virtual ~SessionEvents() = default;
  virtual void on_connected(bool session_present) = 0;
  virtual void on_message(const Message& message) = 0;
  // The broker's answer to a QoS 1 message: below 128 it took it over.
  virtual void on_published(std::uint64_t /*ticket*/, std::uint8_t /*reason*/) {}
  virtual void on_subscribed(const std::string& /*filter*/, std::uint8_t /*reason*/) {}
};

class ClientSession {
 public:
  // `events` must outlive the session.
  ClientSession(SessionOptions options, SessionEvents& events);

  // A new stream is there: says CONNECT.
  void start(SteadyTime now);
  // An error ends the connection: `denied` when the broker refuses us, `conflict` when another client took
  // the session over, `invalid` for bytes that are not MQTT, else `unavailable`.
  Result<void> receive(BytesView bytes, SteadyTime now);
  // The stream is gone.
  void closed();
  // The owner reads nothing while this is on: what it cannot keep stays with the broker. Pings go on, and
  // that no answer is seen says nothing. Ends with the connection.
  void hold(bool on, SteadyTime now);
  bool held() const { return held_; }
  // Keep-alive. `timeout` when the broker does not answer.
  Result<void> tick(SteadyTime now);
  SteadyTime deadline() const;
  // Says goodbye and has the broker send the will, if there is one: who left on purpose is away, too.
  void end();

  // Kept until the next connection when there is none now. `unavailable` when the queue is full (or, with QoS
  // 0, when not connected), `no_space` when the broker takes no message of that size, `invalid` for a bad
  // topic.
  Result<void> publish(std::string topic, std::string payload, PublishOptions options);
  void acknowledge(AckToken token);
  void subscribe(std::string filter);
  // Replaces what the next connection announces.
  void set_will(std::optional<WillMessage> will) { options_.will = std::move(will); }

  // Bytes to write now; the owner must take them after each call above and write them all, in order.
  std::string take_output();
  bool has_output() const { return !output_.empty() || may_send(); }

  bool connected() const { return state_ == State::connected; }
  std::size_t queued() const { return sent_.size() + waiting_.size(); }  // not acknowledged by the broker
  std::size_t unacknowledged() const { return received_; }
  // Messages that the broker numbered and did not send. Only for one that numbers in order, as mosquitto
  // does: it throws away what its queue for us does not hold, and tells nobody.
  std::uint64_t missing() const { return missing_; }

 private:
  enum class State : std::uint8_t { closed, connecting, connected };
  struct Outgoing {
    std::string topic;
    std::string payload;
    PublishOptions options;
    std::uint16_t packet_id = 0;
    std::size_t bytes() const { return topic.size() + payload.size(); }
  };

  void write(const Packet& packet);
  void write(const Outgoing& outgoing, bool duplicate);
  bool may_send() const;
  void send_subscriptions(std::size_t from);
  std::uint16_t fresh_packet_id();
  Result<void> handle(const Packet& packet, SteadyTime now);
  Result<void> handle_connack(const ConnAck& answer, SteadyTime now);
  Result<void> handle_publish(const Publish& publish);
  void handle_puback(const PublishAck& ack);
  void note_number(const Publish& publish);
  void handle_suback(const FilterAck& ack);

  SessionOptions options_;
  SessionEvents& events_;
  State state_ = State::closed;
  bool held_ = false;
  std::uint32_t connection_ = 0;
  std::uint16_t keep_alive_ = 0;
  std::uint16_t last_packet_id_ = 0;
  std::uint16_t send_maximum_ = 65'535;
  std::uint32_t peer_max_packet_ = 0;  // 0: none
  std::size_t received_ = 0;           // with QoS 1 and not acknowledged
  std::uint16_t newest_ = 0;           // of the broker's packet ids; 0: none yet
  std::uint64_t missing_ = 0;
  std::size_t queued_bytes_ = 0;
  std::list<Outgoing> sent_;     // not acknowledged, in order
  std::list<Outgoing> waiting_;  // for room in the window
  std::unordered_map<std::uint16_t, std::list<Outgoing>::iterator> by_packet_id_;  // of sent_
  std::vector<std::string> filters_;
  std::list<std::pair<std::uint16_t, std::size_t>> subscribing_;  // packet id, index of its first filter
  std::string input_;                                             // the beginning of a packet
  std::string output_;
  SteadyTime pinged_at_{};
  SteadyTime waiting_since_ = SteadyTime::max();  // for CONNACK or PINGRESP
};

}  // namespace stratus::wire::mqtt
