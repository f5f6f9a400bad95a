#include "stratus/server/device_link.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include "stratus/base/json.hpp"
#include "stratus/base/log.hpp"
#include "stratus/db/telemetry.hpp"
#include "stratus/server/catalogue_writes.hpp"

namespace stratus::server {
namespace {

constexpr std::size_t kMaxKnown = 300'000;   // devices
constexpr std::int64_t kSeenGrain = 60'000;  // ms between two notes that a device was heard
constexpr Millis kPresenceFlush{500};
constexpr Millis kLookForMissing{10'000};
constexpr Millis kConnectAgain{60'000};
constexpr std::size_t kMaxClaims = 10'000;
constexpr std::size_t kMaxAnswer = 64;  // seqs of one `stored` message grow no further than this

net::MqttOptions session_options(const DeviceLinkOptions& options) {
  net::MqttOptions session = options.session;
  session.session.receive_maximum = options.window;
  session.session.max_packet = (net::BrokerConfig{}.max_payload + 1024) + (64u << 10);  // whatever it takes
  session.session.tolerated = 65'535;  // mosquitto: see kOwnerWindow
  session.session.max_queued = 50'000;
  session.session.max_queued_bytes = 64u << 20;
  session.session.max_output = 8u << 20;
  session.read_pause = Millis(2);
  session.first_backoff = Millis(50);
  session.longest_backoff = Millis(2'000);
  return session;
}

// Who carries these cannot have made them up: they are checked by the device's signature.
bool proves_itself(const DeviceMessage& message) {
  return message.keep == Keep::report || message.kind == "update/cancel/ack" ||
         message.kind == "cert/renew/request";
}

db::PresenceRow presence_row(const DeviceMessage& message, const wire::Presence& presence) {
  db::PresenceRow row;
  row.device = message.device;
  row.online = presence.online;
  row.changed_ms = row.seen_ms = message.received_ms;
  row.boot = presence.boot;
  row.version = presence.version;
  row.gateway = message.gateway;
  return row;
}

// What a message takes while it waits.
std::size_t weight_of(const DeviceMessage& message) {
  return sizeof(Ingest::Item) + message.device.size() + message.kind.size() + message.body.size();
}

// The number of a message that is refused, 0 for none. A NUL in a text, for which it may be refused, does not
// hide it.
std::uint64_t readable_seq(std::string text) {
  constexpr std::string_view kNul = "\\u0000", kOther = "\\u0001";
  for (std::size_t at = 0; (at = text.find(kNul, at)) != std::string::npos; at += kNul.size())
    text.replace(at, kNul.size(), kOther);
  const auto value = parse_json(text, wire::kMaxDeviceMessage);
  if (!value) return 0;
  ObjectReader reader(*value, "");
  const std::uint64_t seq = reader.optional_number("seq", 0);
  return reader.done() ? seq : 0;
}

}  // namespace

DeviceLink::DeviceLink(net::Executor loop, db::Database& database, DeviceLinkOptions options)
    : loop_(loop),
      database_(database),
      options_(std::move(options)),
      session_(loop, session_options(options_), *this),
      ingest_(
          loop, database, options_.ingest,
          [this](const Ingest::Item& item, const Result<void>& how) { finished(item, how); },
          [this] { send_stored(); }),
      quota_(options_.messages_per_second, options_.message_burst),
      commands_changed_(loop),
      tasks_(loop) {
  for (const std::string_view suffix : wire::kUpwardTopics) {
    session_.subscribe("v1/+/" + std::string(suffix));
    session_.subscribe("gw/+/v1/+/" + std::string(suffix));
  }
}

DeviceLink::~DeviceLink() = default;

void DeviceLink::on_message(std::string kind, Ingest::Store store, Ingest::Stored stored) {
  ingest_.on_message(std::move(kind), std::move(store), std::move(stored));
}

void DeviceLink::on_question(Resolver resolver) {
  resolvers_.insert(resolvers_.begin(), std::move(resolver));
}

void DeviceLink::start() {
  tasks_.spawn(ingest_.run());
  tasks_.spawn(write_presence());
  tasks_.spawn(send_commands());
  if (options_.numbers_in_order) tasks_.spawn(watch_broker());
  tasks_.spawn(session_.run());
}

net::Task<void> DeviceLink::stop() { co_await tasks_.stop(); }

void DeviceLink::on_connected(bool session_present) {
  ++counters_.connects;
  problem_.clear();
  trouble_.works();
  log::info("mqtt", "connected to the broker{}", session_present ? ", which kept what came meanwhile" : "");
  if (!session_present) {
    // The broker knows nobody any more: who comes back says so.
    for (auto& [device, state] : known_) state.online = state.noted = state.speaks_itself = false;
    claims_.clear();
    online_count_ = 0;
    presence_.clear();
    turned_.clear();
    seen_.clear();
    all_offline_ = true;
  }
}

void DeviceLink::on_disconnected(const Error& why) {
  if (trouble_.is_news(system_clock().steady()))
    log::error("mqtt", "no broker, devices are not reached and not heard: {}; trying on", why.text());
  problem_ = why.text();
}

DeviceLink::Known& DeviceLink::known(const std::string& device) {
  if (known_.size() >= kMaxKnown && !known_.contains(device)) {
    std::erase_if(known_, [](const auto& one) { return !one.second.online; });
  }
  return known_[device];
}

bool DeviceLink::is_online(const std::string& device) const {
  const auto found = known_.find(device);
  return found != known_.end() && found->second.online;
}

void DeviceLink::on_message(const wire::mqtt::Message& message) {
  ++counters_.received;
  const auto topic = wire::parse_device_topic(message.topic);
  if (!topic) {
    ++counters_.malformed;
    session_.acknowledge(message.token);
    return;
  }
  if (message.retained && topic->suffix != "presence") {
    ++counters_.retained;  // a device planted it; it would come with each of our connections
    session_.acknowledge(message.token);
    return;
  }
  take(*topic, message);
}

void DeviceLink::take(const wire::DeviceTopic& topic, const wire::mqtt::Message& message) {
  DeviceMessage taken;
  taken.device = topic.device;
  taken.gateway = topic.gateway;
  taken.kind = topic.suffix;
  taken.body = as_text(message.payload);
  taken.received_ms = now_ms();
  if (taken.gateway.empty() && take_goodbye(taken)) return session_.acknowledge(message.token);
  const SteadyTime now = std::chrono::steady_clock::now();
  if (!quota_.take(taken.gateway.empty() ? taken.device : taken.gateway + "/" + taken.device, now)) {
    ++counters_.over_quota;
    session_.acknowledge(message.token);  // not stored: a device that means well sends it again
    std::uint64_t kept_back = 0;
    if (complaints_.allow(taken.device, now, kept_back))
      log::warning("ingest", "device={} says more than it may; messages are dropped", taken.device);
    return;
  }
  if (admits_ && !admits_(taken.device)) {
    ++counters_.unproven;
    return refuse(taken, message.token, Error(ErrorCode::denied, "the device was shut out"));
  }
  const auto checked = check_message(taken);
  if (!checked) {
    ++counters_.malformed;
    return refuse(taken, message.token, checked.error());
  }
  if (is_hearsay(taken)) {
    session_.acknowledge(message.token);  // not refused: who has moved behind the gateway says it again
    return set_aside(taken, message.retained);
  }
  if (!has_room_for(taken, message.token)) {
    ++counters_.dropped;
    return;
  }
  note_seen(taken);
  switch (taken.keep) {
    case Keep::presence:
      note_presence(taken);
      session_.acknowledge(message.token);
      return;
    case Keep::question:
      answer_question(taken);
      session_.acknowledge(message.token);
      return;
    default:
      keep(Ingest::Item{std::move(taken), message.token});
  }
}

// That a session is over is taken of everybody, also of who said more than it may or was shut out: else it
// would count as there for ever, and nothing be heard of it behind a gateway.
bool DeviceLink::take_goodbye(DeviceMessage& message) {
  if (message.kind != "presence") return false;
  const auto presence = wire::parse_presence(message.body);
  if (!presence || presence->online || !check_message(message)) return false;
  note_presence(message);
  return true;
}

bool DeviceLink::is_hearsay(const DeviceMessage& message) const {
  if (message.gateway.empty() || proves_itself(message)) return false;
  const auto found = known_.find(message.device);
  return found != known_.end() && found->second.speaks_itself;
}

// A device that moves behind a gateway may be there before the broker has noticed that its own session is
// dead: that it is online there counts from then on.
void DeviceLink::set_aside(const DeviceMessage& message, bool retained) {
  ++counters_.unproven;
  std::uint64_t kept_back = 0;
  if (complaints_.allow(message.device, std::chrono::steady_clock::now(), kept_back)) {
    log::warning("ingest", "device={} gateway={} topic={}: the device has a session of its own",
                 message.device, message.gateway, message.kind);
  }
  const auto presence = wire::parse_presence(message.body);
  if (message.keep != Keep::presence || retained || !presence) return;
  if (!presence->online) {
    claims_.erase(message.device);
  } else if (claims_.size() < kMaxClaims) {
    claims_.insert_or_assign(message.device, presence_row(message, *presence));
  }
}

// The broker's window bounds QoS 1 by number only, within one connection.
bool DeviceLink::has_room_for(const DeviceMessage& message, wire::mqtt::AckToken token) const {
  if (token.packet_id != 0 || message.keep == Keep::presence || message.keep == Keep::question) return true;
  return waiting_ < options_.max_waiting / 2 && waiting_bytes_ < options_.max_waiting_bytes / 2;
}

void DeviceLink::keep(Ingest::Item item) {
  ++waiting_;
  waiting_bytes_ += weight_of(item.message);
  if (waiting_bytes_ >= options_.max_waiting_bytes || waiting_ >= options_.max_waiting) session_.hold(true);
  const bool ends_update = item.message.keep == Keep::report || item.message.kind == "update/cancel/ack";
  if (ends_update && check_result_) {
    tasks_.spawn(check_and_store(std::move(item)));
  } else {
    ingest_.add(std::move(item));
  }
}

void DeviceLink::let_go(const DeviceMessage& message) {
  --waiting_;
  waiting_bytes_ -= weight_of(message);
  if (waiting_bytes_ < options_.max_waiting_bytes / 2 && waiting_ < options_.max_waiting / 2)
    session_.hold(false);
}

net::Task<void> DeviceLink::check_and_store(Ingest::Item item) {
  auto genuine = co_await check_result_(item.message);
  if (genuine) {
    ingest_.add(std::move(item));
    co_return;
  }
  let_go(item.message);
  const ErrorCode code = genuine.error().code();
  if (code == ErrorCode::unavailable || code == ErrorCode::timeout || code == ErrorCode::internal) {
    session_.acknowledge(item.token);  // the keys could not be read: the device says it again
    co_return;
  }
  ++counters_.unproven;
  refuse(item.message, item.token, genuine.error());
}

void DeviceLink::refuse(const DeviceMessage& message, wire::mqtt::AckToken token, const Error& why) {
  session_.acknowledge(token);
  const std::string& device = message.device;
  std::uint64_t kept_back = 0;
  if (complaints_.allow(device, std::chrono::steady_clock::now(), kept_back)) {
    log::warning("ingest", "device={} topic={} bytes={}: {}{}", device, message.kind, message.body.size(),
                 why.text().substr(0, 300),
                 kept_back == 0 ? "" : "; " + std::to_string(kept_back) + " more were not told");
  }
  // It can stop sending what will never be taken, if it numbered it.
  const std::uint64_t seq = readable_seq(message.body);
  if (seq == 0) return;
  wire::Stored answer;
  answer.refused.push_back({seq, why.text().substr(0, 300)});
  wire::mqtt::PublishOptions once;
  once.qos = 0;
  (void)session_.publish(wire::device_topic(device, "stored", message.gateway), wire::encode_stored(answer),
                         once);
}

void DeviceLink::answer_question(const DeviceMessage& message) {
  ++counters_.questions;
  const auto question = wire::parse_next_question(message.body);
  if (!question) return;
  wire::UpdateRequest answer;
  answer.command = "none";
  answer.kind = "container";
  for (const Resolver& resolver : resolvers_) {
    auto found = resolver(message.device, *question);
    if (!found) continue;
    answer = std::move(*found);
    break;
  }
  wire::mqtt::PublishOptions how;
  how.expiry = 60;
  (void)session_.publish(wire::device_topic(message.device, "update/next/answer", message.gateway),
                         wire::encode_update_request(answer), how);
}

void DeviceLink::finished(const Ingest::Item& item, const Result<void>& how) {
  session_.acknowledge(item.token);
  const DeviceMessage& message = item.message;
  let_go(message);
  if (message.seq == 0) return;
  const std::string topic = wire::device_topic(message.device, "stored", message.gateway);
  wire::Stored& answer = stored_[topic];
  if (how) {
    answer.seqs.push_back(message.seq);
  } else {
    answer.refused.push_back({message.seq, how.error().text()});
  }
  if (answer.seqs.size() + answer.refused.size() < kMaxAnswer) return;
  wire::mqtt::PublishOptions once;
  once.qos = 0;  // lost: the device sends it again and hears it again
  (void)session_.publish(topic, wire::encode_stored(answer), once);
  answer = wire::Stored();
}

void DeviceLink::send_stored() {
  wire::mqtt::PublishOptions once;
  once.qos = 0;
  for (const auto& [topic, answer] : stored_) {
    if (answer.seqs.empty() && answer.refused.empty()) continue;
    (void)session_.publish(topic, wire::encode_stored(answer), once);
  }
  stored_.clear();
}

void DeviceLink::note_presence(const DeviceMessage& message) {
  const auto presence = wire::parse_presence(message.body);
  if (!presence) return;
  db::PresenceRow row = presence_row(message, *presence);
  if (message.gateway.empty()) {
    auto claim = claims_.extract(message.device);
    if (!presence->online && !claim.empty()) {
      row = std::move(claim.mapped());
      row.changed_ms = row.seen_ms = message.received_ms;
    }
  }
  take_presence(std::move(row));
}

void DeviceLink::take_presence(db::PresenceRow row) {
  Known& state = known(row.device);
  if (state.online != row.online) {
    online_count_ += row.online ? 1 : std::size_t(-1);
    turned_.insert(row.device);
  }
  state.online = state.noted = row.online;
  state.speaks_itself = row.online && row.gateway.empty();
  state.gateway = row.gateway;
  presence_[row.device] = std::move(row);
}

void DeviceLink::note_seen(const DeviceMessage& message) {
  Known& state = known(message.device);
  if (state.speaks_itself && !message.gateway.empty()) return;
  if (state.gateway != message.gateway) {
    state.gateway = message.gateway;
    state.noted = false;
  }
  if (message.keep == Keep::presence || message.received_ms - state.seen_ms < kSeenGrain) return;
  if (presence_.contains(message.device)) return;  // the next message, once its own word is written
  state.seen_ms = message.received_ms;
  db::PresenceRow row;
  row.device = message.device;
  const auto pending = seen_.find(message.device);  // not written for a minute: the database is away
  row.online = !std::exchange(state.noted, true) || (pending != seen_.end() && pending->second.online);
  row.seen_ms = message.received_ms;
  row.gateway = message.gateway;
  seen_[message.device] = std::move(row);
}

// Who turned again meanwhile stays for the next time.
void DeviceLink::tell_presence(const std::vector<db::PresenceRow>& stored, bool forgotten) {
  std::vector<db::PresenceRow> turned;
  for (const db::PresenceRow& row : stored) {
    if (!presence_.contains(row.device) && turned_.erase(row.device) > 0) turned.push_back(row);
  }
  if (presence_changed_ && (forgotten || !turned.empty())) presence_changed_(turned, forgotten);
}

net::Task<void> DeviceLink::write_presence() {
  for (;;) {
    co_await net::sleep_for(kPresenceFlush);
    if (presence_.empty() && seen_.empty() && !all_offline_) continue;
    std::vector<db::PresenceRow> changed, spoke;
    std::vector<db::SeenRow> heard;
    for (auto& [device, row] : std::exchange(presence_, {})) changed.push_back(std::move(row));
    for (auto& [device, row] : std::exchange(seen_, {})) {
      heard.push_back({device, row.seen_ms});
      if (row.online) spoke.push_back(std::move(row));
    }
    std::sort(heard.begin(), heard.end(),
              [](const auto& one, const auto& other) { return one.device < other.device; });
    const bool forget = std::exchange(all_offline_, false);
    const auto work = [&](db::Transaction& transaction) -> Result<void> {
      if (forget) STRATUS_CHECK(db::set_all_offline(transaction, now_ms()));
      STRATUS_CHECK(db::note_seen(transaction, heard));
      if (!spoke.empty()) STRATUS_CHECK(db::put_online(transaction, spoke));
      if (!changed.empty()) STRATUS_CHECK(db::put_presence(transaction, changed));
      return {};
    };
    std::function<void(db::Database::Done)> start = [this, &work](db::Database::Done done) {
      database_.write(work, std::move(done));
    };
    auto written = co_await await_write(start);
    if (written) {
      tell_presence(changed, forget);
      continue;
    }
    // Newer words that came meanwhile win over these.
    for (db::PresenceRow& row : changed) presence_.try_emplace(row.device, std::move(row));
    for (const db::PresenceRow& row : spoke) seen_.try_emplace(row.device, row).first->second.online = true;
    for (const db::SeenRow& row : heard) {
      db::PresenceRow again;
      again.device = row.device;
      again.seen_ms = row.seen_ms;
      seen_.try_emplace(row.device, std::move(again));
    }
    all_offline_ = all_offline_ || forget;
  }
}

Result<void> DeviceLink::send(const std::string& device, std::string_view suffix, std::string json,
                              std::chrono::seconds expiry) {
  if (commands_.size() >= options_.max_commands)
    return fail(ErrorCode::unavailable, "too many commands are waiting for their turn");
  commands_.push_back(Command{device, std::string(suffix), std::move(json), expiry});
  if (commands_.size() == 1) commands_changed_.notify_all();
  return {};
}

// What mosquitto threw away from its queue is gone. What it lost on the way to us, though it counts it as
// sent, slows down each of our acknowledgements and comes again with the next connection.
net::Task<void> DeviceLink::watch_broker() {
  SteadyTime connected = std::chrono::steady_clock::now();
  for (std::uint64_t told = 0;;) {
    co_await net::sleep_for(kLookForMissing);
    const std::uint64_t missing = session_.missing();
    if (missing == told) continue;
    log::error("mqtt", "the broker threw {} messages away: devices say more than can be stored",
               missing - told);
    told = missing;
    const SteadyTime now = std::chrono::steady_clock::now();
    if (now - connected < kConnectAgain) continue;
    connected = now;
    session_.reconnect();
  }
}

net::Task<void> DeviceLink::send_commands() {
  constexpr Millis kTurn{20};
  const double in_turn = std::max(1u, options_.commands_per_second) * kTurn.count() / 1000.0;
  for (double allowed = 0;;) {
    while (commands_.empty()) {
      co_await commands_changed_.wait();
    }
    // What a turn leaves over, the next one may have: less than one a turn is a pace, too.
    allowed = std::min(allowed, 1.0) + in_turn;
    for (; allowed >= 1 && !commands_.empty(); --allowed) {
      Command& next = commands_.front();
      if (admits_ && !admits_(next.device)) {
        commands_.pop_front();
        continue;
      }
      const auto found = known_.find(next.device);
      const std::string gateway = found == known_.end() ? std::string() : found->second.gateway;
      wire::mqtt::PublishOptions how;
      how.expiry = static_cast<std::uint32_t>(next.expiry.count());
      if (!session_.publish(wire::device_topic(next.device, next.suffix, gateway), next.json, how)) break;
      ++counters_.commands;
      commands_.pop_front();
    }
    co_await net::sleep_for(kTurn);
  }
}

}  // namespace stratus::server
