// MQTT 3.1.1 for one device: a clean session, QoS 0 and 1, no retries of its own. What must arrive is
// numbered by the application and sent again until the server says that it is stored (docs/formats/mqtt.md).
//
// Not here: QoS 2, user name and password (the certificate says who we are), persistent sessions, wildcards.
#pragma once

#include "stratus/mcu/bytes.hpp"
#include "stratus/mcu/cause.hpp"
#include "stratus/mcu/ports.hpp"

namespace stratus::mcu {

struct MqttPacket {
  uint8_t first;  // type and flags
  const uint8_t* body;
  uint32_t size;  // bytes kept
  bool whole;     // false: longer than the buffer, the rest was passed over
};

// Cuts a stream of bytes into packets. Of a packet longer than the buffer only the start is kept.
class MqttReader {
 public:
  MqttReader(uint8_t* buffer, uint32_t capacity) : buffer_(buffer), capacity_(capacity) {}
  void begin() { state_ = State::first; }
  // Takes bytes up to the end of a packet; `used` says how many, complete() whether there is one now.
  Cause feed(const uint8_t* data, uint32_t size, uint32_t& used);
  bool complete() const { return state_ == State::complete; }
  MqttPacket packet() const { return {first_, buffer_, kept_, kept_ == length_}; }

 private:
  enum class State : uint8_t { first, length, body, complete };
  uint8_t* buffer_;
  uint32_t capacity_;
  uint32_t length_ = 0, at_ = 0, kept_ = 0;
  State state_ = State::first;
  uint8_t first_ = 0, shift_ = 0;
};

// Called from within poll(); may publish.
class MqttEvents {
 public:
  // `whole` false: the payload was longer than the buffer and ends early.
  virtual void on_message(const char* topic, uint32_t topic_size, const uint8_t* payload, uint32_t size,
                          bool whole) = 0;

 protected:
  ~MqttEvents() = default;
};

struct MqttMessage {
  const char* topic;  // ends with a zero byte
  const void* payload;
  uint32_t size;
  uint8_t qos;  // 0 or 1
  bool retain;
};

class MqttClient {
 public:
  static constexpr uint16_t kKeepAlive = 60;  // seconds
  static constexpr uint32_t kAnswerMillis = 15'000;

  // `buffer` holds one packet that comes in; topics and payloads are cut to it.
  MqttClient(Stream& stream, Clock& clock, uint8_t* buffer, uint32_t capacity)
      : stream_(stream), clock_(clock), reader_(buffer, capacity) {}

  // Opens the stream and a session, the one before is forgotten. `will`: what the broker says when we vanish;
  // may be null. Waits for the broker's answer.
  Cause connect(const char* client_id, const MqttMessage* will);
  Cause subscribe(const char* filter);  // QoS 1; waits for no answer
  Cause publish(const MqttMessage& message);
  // Takes what has come without waiting, and keeps the session alive. Any failure ends it.
  Cause poll(MqttEvents& events);
  void close();
  bool connected() const { return connected_; }

 private:
  Cause send(uint8_t first, const void* head, uint32_t head_size, const MqttMessage* message);
  Cause take(const MqttPacket& packet, MqttEvents& events);
  Cause fail(Cause cause);
  uint16_t fresh_id() { return ++last_id_ != 0 ? last_id_ : ++last_id_; }

  Stream& stream_;
  Clock& clock_;
  MqttReader reader_;
  uint32_t sent_at_ = 0, asked_at_ = 0;
  uint16_t last_id_ = 0;
  bool connected_ = false;
  bool asked_ = false;  // a PINGREQ has no answer yet
};

}  // namespace stratus::mcu
