#include "stratus/wire/mqtt/client_session.hpp"

#include <algorithm>

namespace stratus::wire::mqtt {
namespace {

constexpr std::size_t kPublishOverhead = 32;  // fixed head, packet identifier, expiry
constexpr std::uint8_t kWithWill = 4;         // MQTT 5, 3.14.2.1: disconnect with will message

Error refusal(std::string_view what, std::uint8_t reason, std::string_view text) {
  ErrorCode code = ErrorCode::unavailable;
  if ((reason >= 132 && reason <= 135) || reason == 138) code = ErrorCode::denied;
  if (reason == 142) code = ErrorCode::conflict;
  std::string message = std::string(what) + ": " + describe_reason(reason);
  if (!text.empty()) message += " (" + std::string(text.substr(0, 200)) + ")";
  return Error(code, std::move(message));
}

}  // namespace

ClientSession::ClientSession(SessionOptions options, SessionEvents& events)
    : options_(std::move(options)), events_(events) {}

void ClientSession::write(const Packet& packet) {
  // What we build ourselves is well-formed; texts that come from outside were checked when they came in.
  (void)encode(packet, output_);
}

void ClientSession::start(SteadyTime now) {
  closed();
  ++connection_;
  state_ = State::connecting;
  waiting_since_ = now;
  pinged_at_ = now;
  Connect connect;
  connect.client_id = options_.client_id;
  connect.keep_alive = options_.keep_alive;
  connect.clean_start = options_.clean_start;
  connect.properties.session_expiry = options_.session_expiry;
  connect.properties.receive_maximum = options_.receive_maximum;
  connect.properties.max_packet_size = options_.max_packet;
  if (options_.will) {
    Will will;
    will.topic = options_.will->topic;
    will.payload = as_bytes(options_.will->payload);
    will.retain = options_.will->retain;
    connect.will = will;
  }
  write(connect);
}

void ClientSession::closed() {
  state_ = State::closed;
  held_ = false;
  waiting_since_ = SteadyTime::max();
  received_ = 0;
  input_ = std::string();
  output_ = std::string();
  subscribing_.clear();
}

void ClientSession::end() {
  if (state_ != State::connected) return;
  Disconnect goodbye;
  if (options_.will) goodbye.reason = kWithWill;
  write(goodbye);
}

Result<void> ClientSession::receive(BytesView bytes, SteadyTime now) {
  if (!input_.empty()) {
    input_.append(as_text(bytes));
    bytes = as_bytes(input_);
  }
  while (!bytes.empty()) {
    STRATUS_TRY(head, read_frame_head(bytes, options_.max_packet));
    if (!head || bytes.size() - head->head_size < head->body_size) break;
    const BytesView body = bytes.subspan(head->head_size, head->body_size);
    bytes = bytes.subspan(head->head_size + head->body_size);
    STRATUS_TRY(packet, decode(head->first, body));
    STRATUS_CHECK(handle(packet, now));
  }
  std::string rest(as_text(bytes));  // before input_ goes: bytes may view it
  input_ = std::move(rest);
  return {};
}

Result<void> ClientSession::handle(const Packet& packet, SteadyTime now) {
  if (state_ == State::connecting) {
    const auto* const answer = std::get_if<ConnAck>(&packet);
    if (answer == nullptr) return fail(ErrorCode::invalid, "the broker did not answer with CONNACK");
    return handle_connack(*answer, now);
  }
  if (const auto* const publish = std::get_if<Publish>(&packet)) return handle_publish(*publish);
  if (const auto* const ack = std::get_if<PublishAck>(&packet); ack && ack->type == PacketType::puback) {
    handle_puback(*ack);
    return {};
  }
  if (const auto* const ack = std::get_if<FilterAck>(&packet)) {
    if (ack->type == PacketType::suback) handle_suback(*ack);
    return {};
  }
  if (const auto* const ping = std::get_if<Ping>(&packet); ping && ping->type == PacketType::pingresp) {
    waiting_since_ = SteadyTime::max();
    return {};
  }
  if (const auto* const goodbye = std::get_if<Disconnect>(&packet)) {
    return fail(refusal("the broker ended the session", goodbye->reason, goodbye->properties.reason));
  }
  return fail(ErrorCode::invalid, "the broker sent a packet that only clients send");
}

Result<void> ClientSession::handle_connack(const ConnAck& answer, SteadyTime now) {
  if (answer.reason != 0) {
    return fail(refusal("the broker refuses the session", answer.reason, answer.properties.reason));
  }
  state_ = State::connected;
  waiting_since_ = SteadyTime::max();
  pinged_at_ = now;
  keep_alive_ = answer.properties.server_keep_alive.value_or(options_.keep_alive);
  send_maximum_ = answer.properties.receive_maximum.value_or(65'535);
  peer_max_packet_ = answer.properties.max_packet_size.value_or(0);
  send_subscriptions(0);
  if (answer.session_present) {
    for (const Outgoing& outgoing : sent_) write(outgoing, true);
  } else {
    by_packet_id_.clear();
    waiting_.splice(waiting_.begin(), sent_);
    newest_ = 0;
  }
  events_.on_connected(answer.session_present);
  return {};
}

Result<void> ClientSession::handle_publish(const Publish& publish) {
  if (publish.topic.empty())
    return fail(ErrorCode::invalid, "the broker uses a topic alias, none was offered");
  if (publish.qos == 2) return fail(ErrorCode::invalid, "the broker sends QoS 2, only 1 was asked for");
  if (publish.qos == 1 && ++received_ > std::max(options_.receive_maximum, options_.tolerated)) {
    return fail(ErrorCode::invalid, "the broker sends more unacknowledged messages than it may");
  }
  if (publish.qos == 1) note_number(publish);
  Message message;
  message.topic = publish.topic;
  message.payload = publish.payload;
  message.response_topic = publish.properties.response_topic;
  message.correlation = publish.properties.correlation;
  message.retained = publish.retain;
  message.duplicate = publish.duplicate;
  message.token = AckToken{connection_, publish.packet_id};
  events_.on_message(message);
  return {};
}

void ClientSession::note_number(const Publish& publish) {
  constexpr std::uint32_t kNumbers = 65'535;  // 0 is none
  const std::uint32_t ahead = (publish.packet_id + kNumbers - newest_) % kNumbers;
  if (ahead == 0 || (publish.duplicate && newest_ != 0 && ahead > kNumbers / 2))
    return;  // an older one again
  if (newest_ != 0 && !publish.duplicate) missing_ += ahead - 1;
  newest_ = publish.packet_id;
}

void ClientSession::handle_puback(const PublishAck& ack) {
  const auto found = by_packet_id_.find(ack.packet_id);
  if (found == by_packet_id_.end()) return;  // acknowledged twice
  const std::uint64_t ticket = found->second->options.ticket;
  queued_bytes_ -= found->second->bytes();
  sent_.erase(found->second);
  by_packet_id_.erase(found);
  events_.on_published(ticket, ack.reason);
}

void ClientSession::handle_suback(const FilterAck& ack) {
  const auto found = std::find_if(subscribing_.begin(), subscribing_.end(),
                                  [&](const auto& one) { return one.first == ack.packet_id; });
  if (found == subscribing_.end()) return;
  const std::size_t first = found->second;
  subscribing_.erase(found);
  for (std::size_t i = 0; i < ack.reasons.size() && first + i < filters_.size(); ++i) {
    const std::string filter = filters_[first + i];
    events_.on_subscribed(filter, ack.reasons[i]);
  }
}

void ClientSession::hold(bool on, SteadyTime now) {
  if (held_ == on || state_ != State::connected) return;
  held_ = on;
  if (!on && waiting_since_ != SteadyTime::max()) waiting_since_ = now;
}

Result<void> ClientSession::tick(SteadyTime now) {
  if (state_ == State::closed) return {};
  const bool waits = waiting_since_ != SteadyTime::max() && !held_;
  if (waits && now - waiting_since_ >= options_.answer_timeout) {
    return fail(ErrorCode::timeout, "the broker does not answer");
  }
  if (state_ != State::connected || keep_alive_ == 0 || waits) return {};
  if (now - pinged_at_ >= std::chrono::seconds(keep_alive_)) {
    write(Ping{});
    pinged_at_ = now;
    waiting_since_ = now;
  }
  return {};
}

SteadyTime ClientSession::deadline() const {
  if (waiting_since_ != SteadyTime::max() && !held_) return waiting_since_ + options_.answer_timeout;
  if (state_ != State::connected || keep_alive_ == 0) return SteadyTime::max();
  return pinged_at_ + std::chrono::seconds(keep_alive_);
}

Result<void> ClientSession::publish(std::string topic, std::string payload, PublishOptions options) {
  if (!is_topic_name(topic)) return fail(ErrorCode::invalid, "not a topic: " + topic);
  if (peer_max_packet_ != 0 && topic.size() + payload.size() + kPublishOverhead > peer_max_packet_) {
    return fail(ErrorCode::no_space,
                "the broker takes no message of " + std::to_string(payload.size()) + " bytes");
  }
  if (options.qos == 0) {
    if (state_ != State::connected || output_.size() > options_.max_output)
      return fail(ErrorCode::unavailable, "the broker cannot be reached now");
    write(Outgoing{std::move(topic), std::move(payload), options, 0}, false);
    return {};
  }
  const std::size_t bytes = topic.size() + payload.size();
  if (queued() >= options_.max_queued || queued_bytes_ + bytes > options_.max_queued_bytes)
    return fail(ErrorCode::unavailable, "the queue to the broker is full");
  queued_bytes_ += bytes;
  waiting_.push_back(Outgoing{std::move(topic), std::move(payload), options, 0});
  return {};
}

bool ClientSession::may_send() const {
  return state_ == State::connected && !waiting_.empty() && sent_.size() < send_maximum_ &&
         output_.size() < options_.max_output;
}

std::uint16_t ClientSession::fresh_packet_id() {
  const auto taken = [&](std::uint16_t id) {
    const auto same = [&](const auto& one) { return one.first == id; };
    return by_packet_id_.contains(id) || std::any_of(subscribing_.begin(), subscribing_.end(), same);
  };
  do {
    last_packet_id_ = last_packet_id_ == 65'535 ? 1 : static_cast<std::uint16_t>(last_packet_id_ + 1);
  } while (taken(last_packet_id_));
  return last_packet_id_;
}

void ClientSession::write(const Outgoing& outgoing, bool duplicate) {
  Publish publish;
  publish.topic = outgoing.topic;
  publish.payload = as_bytes(outgoing.payload);
  publish.qos = outgoing.options.qos;
  publish.packet_id = outgoing.packet_id;
  publish.duplicate = duplicate;
  publish.retain = outgoing.options.retain;
  if (outgoing.options.expiry != 0) publish.properties.message_expiry = outgoing.options.expiry;
  write(publish);
}

void ClientSession::acknowledge(AckToken token) {
  if (token.packet_id == 0 || token.connection != connection_ || state_ != State::connected) return;
  if (received_ > 0) --received_;
  PublishAck ack;
  ack.packet_id = token.packet_id;
  write(ack);
}

void ClientSession::subscribe(std::string filter) {
  filters_.push_back(std::move(filter));
  if (state_ == State::connected) send_subscriptions(filters_.size() - 1);
}

void ClientSession::send_subscriptions(std::size_t from) {
  while (from < filters_.size()) {
    Subscribe subscribe;
    subscribe.packet_id = fresh_packet_id();
    const std::size_t end = std::min(filters_.size(), from + kMaxFilters);
    for (std::size_t i = from; i < end; ++i) subscribe.filters.push_back(Subscription{filters_[i], 1});
    subscribing_.emplace_back(subscribe.packet_id, from);
    write(subscribe);
    from = end;
  }
}

std::string ClientSession::take_output() {
  while (may_send()) {
    Outgoing& next = waiting_.front();
    next.packet_id = fresh_packet_id();
    write(next, false);
    sent_.splice(sent_.end(), waiting_, waiting_.begin());
    by_packet_id_[next.packet_id] = std::prev(sent_.end());
  }
  return std::exchange(output_, std::string());
}

}  // namespace stratus::wire::mqtt
