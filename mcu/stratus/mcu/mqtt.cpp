#include "stratus/mcu/mqtt.hpp"

#include "stratus/mcu/text.hpp"

namespace stratus::mcu {
namespace {

enum : uint8_t {
  kConnect = 0x10,
  kConnAck = 0x20,
  kPublish = 0x30,
  kPubAck = 0x40,
  kSubscribe = 0x82,
  kSubAck = 0x90,
  kPingReq = 0xc0,
  kPingResp = 0xd0,
  kDisconnect = 0xe0
};

uint8_t* put16(uint8_t* at, uint32_t value) {
  at[0] = static_cast<uint8_t>(value >> 8);
  at[1] = static_cast<uint8_t>(value);
  return at + 2;
}

uint32_t get16(const uint8_t* at) { return static_cast<uint32_t>(at[0]) << 8 | at[1]; }

uint8_t* put_length(uint8_t* at, uint32_t value) {
  do {
    *at = static_cast<uint8_t>(value & 127);
    value >>= 7;
    if (value != 0) *at |= 128;
    ++at;
  } while (value != 0);
  return at;
}

}  // namespace

Cause MqttReader::feed(const uint8_t* data, uint32_t size, uint32_t& used) {
  used = 0;
  while (used < size && state_ != State::complete) {
    if (state_ == State::body) {
      uint32_t n = length_ - at_ < size - used ? length_ - at_ : size - used;
      const uint32_t room = capacity_ - kept_;
      memcpy(buffer_ + kept_, data + used, n < room ? n : room);
      kept_ += n < room ? n : room;
      at_ += n;
      used += n;
    } else if (state_ == State::first) {
      first_ = data[used++];
      length_ = at_ = kept_ = shift_ = 0;
      state_ = State::length;
    } else {
      const uint8_t byte = data[used++];
      length_ |= static_cast<uint32_t>(byte & 127) << shift_;
      shift_ = static_cast<uint8_t>(shift_ + 7);
      if ((byte & 128) == 0) {
        state_ = State::body;
      } else if (shift_ == 28) {
        return Cause::protocol;
      }
    }
    if (state_ == State::body && at_ == length_) state_ = State::complete;
  }
  return Cause::ok;
}

void MqttClient::close() {
  if (!connected_) return;
  const uint8_t bye[2] = {kDisconnect, 0};
  stream_.write(bye, sizeof bye);
  fail(Cause::ok);
}

Cause MqttClient::fail(Cause cause) {
  stream_.close();
  connected_ = false;
  return cause;
}

// Fixed header, `head`, then the payload of `message`.
Cause MqttClient::send(uint8_t first, const void* head, uint32_t head_size, const MqttMessage* message) {
  const uint32_t payload = message != nullptr ? message->size : 0;
  uint8_t fixed[5];
  fixed[0] = first;
  const uint8_t* end = put_length(fixed + 1, head_size + payload);
  const bool ok = stream_.write(fixed, static_cast<uint32_t>(end - fixed)) &&
                  (head_size == 0 || stream_.write(head, head_size)) &&
                  (payload == 0 || stream_.write(message->payload, payload));
  sent_at_ = clock_.millis();
  return ok ? Cause::ok : fail(Cause::io);
}

Cause MqttClient::connect(const char* client_id, const MqttMessage* will) {
  if (connected_) close();
  // Protocol name and level, flags, keep-alive, client id, topic of the will; its payload follows.
  uint8_t head[10 + 2 + 64 + 2 + 96 + 2];
  const uint32_t id_size = length_of(client_id);
  const uint32_t topic_size = will != nullptr ? length_of(will->topic) : 0;
  if (id_size > 64 || topic_size > 96) return Cause::too_large;
  uint8_t* at = head;
  memcpy(at, "\0\4MQTT\4\2", 8);
  if (will != nullptr) at[7] = static_cast<uint8_t>(2 | 4 | will->qos << 3 | (will->retain ? 32 : 0));
  at = put16(at + 8, kKeepAlive);
  at = put16(at, id_size);
  memcpy(at, client_id, id_size);
  at += id_size;
  if (will != nullptr) {
    at = put16(at, topic_size);
    memcpy(at, will->topic, topic_size);
    at = put16(at + topic_size, will->size);
  }
  if (!stream_.open()) return Cause::io;
  if (Cause cause = send(kConnect, head, static_cast<uint32_t>(at - head), will); cause != Cause::ok)
    return cause;

  reader_.begin();
  const uint32_t started = clock_.millis();
  while (!reader_.complete()) {
    if (clock_.millis() - started > kAnswerMillis) return fail(Cause::unavailable);
    uint8_t byte;
    uint32_t used;
    if (stream_.read(&byte, 1) != 1) return fail(Cause::io);
    if (Cause cause = reader_.feed(&byte, 1, used); cause != Cause::ok) return fail(cause);
  }
  const MqttPacket answer = reader_.packet();
  reader_.begin();
  if (answer.first != kConnAck || answer.size != 2 || !answer.whole) return fail(Cause::protocol);
  switch (answer.body[1]) {
    case 0:
      break;
    case 3:
      return fail(Cause::unavailable);
    case 4:
    case 5:
      return fail(Cause::unauthorised);
    default:
      return fail(Cause::protocol);
  }
  connected_ = true;
  asked_ = false;
  return Cause::ok;
}

Cause MqttClient::subscribe(const char* filter) {
  uint8_t head[2 + 2 + 96 + 1];
  const uint32_t size = length_of(filter);
  if (!connected_) return Cause::conflict;
  if (size > 96) return Cause::too_large;
  uint8_t* at = put16(head, fresh_id());
  at = put16(at, size);
  memcpy(at, filter, size);
  at += size;
  *at++ = 1;
  return send(kSubscribe, head, static_cast<uint32_t>(at - head), nullptr);
}

Cause MqttClient::publish(const MqttMessage& message) {
  uint8_t head[2 + 96 + 2];
  const uint32_t size = length_of(message.topic);
  if (!connected_) return Cause::conflict;
  if (size > 96) return Cause::too_large;
  uint8_t* at = put16(head, size);
  memcpy(at, message.topic, size);
  at += size;
  if (message.qos != 0) at = put16(at, fresh_id());
  const uint8_t first = static_cast<uint8_t>(kPublish | message.qos << 1 | (message.retain ? 1 : 0));
  return send(first, head, static_cast<uint32_t>(at - head), &message);
}

Cause MqttClient::take(const MqttPacket& packet, MqttEvents& events) {
  const uint8_t type = packet.first & 0xf0;
  if (type == kPingResp) asked_ = false;
  if (type == kPingResp || type == kPubAck || type == kSubAck) return Cause::ok;
  if (type != kPublish) return Cause::protocol;
  const uint8_t qos = packet.first >> 1 & 3;
  const uint32_t head = 2u + (qos != 0 ? 2 : 0);
  if (qos > 1 || packet.size < head || get16(packet.body) > packet.size - head) return Cause::protocol;
  const uint32_t topic_size = get16(packet.body);
  const uint8_t* id = packet.body + 2 + topic_size;
  uint8_t ack[2] = {};
  if (qos != 0) memcpy(ack, id, sizeof ack);  // the buffer may be written again before it is sent
  const uint8_t* payload = packet.body + head + topic_size;
  events.on_message(reinterpret_cast<const char*>(packet.body + 2), topic_size, payload,
                    packet.size - head - topic_size, packet.whole);
  return qos == 0 || !connected_ ? Cause::ok : send(kPubAck, ack, sizeof ack, nullptr);
}

Cause MqttClient::poll(MqttEvents& events) {
  if (!connected_) return Cause::conflict;
  while (stream_.readable()) {
    uint8_t piece[64];
    const int32_t got = stream_.read(piece, sizeof piece);
    if (got <= 0) return fail(Cause::io);
    for (uint32_t at = 0, used = 0; at < static_cast<uint32_t>(got); at += used) {
      const Cause cause = reader_.feed(piece + at, static_cast<uint32_t>(got) - at, used);
      if (cause != Cause::ok) return fail(cause);
      if (!reader_.complete()) continue;
      const Cause taken = take(reader_.packet(), events);
      reader_.begin();
      if (!connected_) return Cause::io;  // it ended while answering
      if (taken != Cause::ok) return fail(taken);
    }
  }
  const uint32_t now = clock_.millis();
  if (asked_ && now - asked_at_ > kAnswerMillis) return fail(Cause::unavailable);
  if (asked_ || now - sent_at_ < kKeepAlive * 1000u / 2) return Cause::ok;
  asked_ = true;
  asked_at_ = now;
  return send(kPingReq, nullptr, 0, nullptr);
}

}  // namespace stratus::mcu
