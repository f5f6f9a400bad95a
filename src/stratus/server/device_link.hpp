// The server's end of the device topics: takes what devices say, has it stored, tells them so, and carries
// commands to them. Other parts of the server talk to devices only through this. Runs on the loop.
//
// Bounds: messages not yet stored, messages of one device per second, commands waiting. While the database is
// away, QoS 0 is dropped beyond half of the room for what waits, so that QoS 1 has the other half; when that
// is full, too, nothing is read from the broker until something is stored. Hostile input is counted and
// logged once per device and minute.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "stratus/db/telemetry.hpp"
#include "stratus/net/link_trouble.hpp"
#include "stratus/net/loop.hpp"
#include "stratus/net/mqtt_broker_config.hpp"
#include "stratus/net/mqtt_session.hpp"
#include "stratus/server/ingest.hpp"
#include "stratus/server/message_quota.hpp"
#include "stratus/wire/messages.hpp"
#include "stratus/wire/topics.hpp"

namespace stratus::server {

struct DeviceLinkOptions {
  net::MqttOptions session;
  IngestOptions ingest;
  std::uint16_t window = net::kOwnerWindow;  // messages from the broker that are not stored yet
  std::size_t max_waiting =
      64'000;  // the same, before nothing is read any more: the broker may exceed the window
  std::size_t max_waiting_bytes = 64u << 20;
  std::size_t max_commands = 100'000;  // waiting to be sent
  bool numbers_in_order = false;       // the broker does: then what it threw away is noticed
  std::uint32_t commands_per_second =
      2'000;                        // B94: paced, so that a fleet does not start downloading at once
  double messages_per_second = 50;  // of one device
  double message_burst = 500;
};

struct DeviceLinkCounters {
  std::uint64_t received = 0;
  std::uint64_t malformed = 0;  // not JSON, not of its kind's form, or no topic of ours
  std::uint64_t over_quota = 0;
  std::uint64_t unproven = 0;  // of a device that was shut out, or what is not its own word
  std::uint64_t dropped = 0;   // QoS 0 that found no room
  std::uint64_t retained = 0;  // old messages that a broker gave back; not looked at
  std::uint64_t commands = 0;
  std::uint64_t questions = 0;
  std::uint64_t connects = 0;
};

class DeviceLink final : private net::MqttEvents {
 public:
  // `database` must outlive it.
  DeviceLink(net::Executor loop, db::Database& database, DeviceLinkOptions options);
  ~DeviceLink() override;

  // Handlers for a kind ("update/result", "regist", …): `store` inside the transaction that makes the message
  // durable, `stored` on the loop afterwards. Either may be empty. Before run().
  void on_message(std::string kind, Ingest::Store store, Ingest::Stored stored);
  // Answers "what is next for me?"; an empty list of items when there is nothing to do. Later ones are asked
  // first; the first that answers something counts.
  using Resolver = std::function<std::optional<wire::UpdateRequest>(const std::string& device,
                                                                    const wire::NextQuestion& question)>;
  void on_question(Resolver resolver);

  // Nothing of a device that this refuses is taken, however it comes, and no command goes to it. Asked for
  // each message and command.
  void admit_by(std::function<bool(const std::string& device)> admits) { admits_ = std::move(admits); }
  // Asked before what ends an update (a result, the end of a cancel) is stored; what it refuses is answered
  // under `refused`.
  using ResultCheck = std::function<net::Task<Result<void>>(const DeviceMessage& message)>;
  void check_results_by(ResultCheck check) { check_result_ = std::move(check); }

  // Called on the loop, once it is stored, with devices that came or left; `forgotten`: everybody left.
  using PresenceHook = std::function<void(const std::vector<db::PresenceRow>& changed, bool forgotten)>;
  void on_presence(PresenceHook hook) { presence_changed_ = std::move(hook); }

  void start();
  net::Task<void> stop();  // must have ended before this goes: the database may be writing a batch

  // Publishes to `v1/{device}/{suffix}`, by way of the gateway where the device was heard last. Paced, QoS 1;
  // dropped by the broker after `expiry`. `unavailable` when too many wait. It is no promise that the device
  // gets it: a device asks when it comes back.
  Result<void> send(const std::string& device, std::string_view suffix, std::string json,
                    std::chrono::seconds expiry = std::chrono::hours(1));

  bool connected() const { return session_.connected(); }
  // Says so by its presence message, and was not heard to leave.
  bool is_online(const std::string& device) const;
  std::size_t online() const { return online_count_; }
  std::size_t commands_waiting() const { return commands_.size(); }
  const DeviceLinkCounters& counters() const { return counters_; }
  // Messages that the broker took from devices and threw away, because its queue for us was full.
  std::uint64_t thrown_away() const { return options_.numbers_in_order ? session_.missing() : 0; }
  std::size_t waiting() const { return waiting_; }  // messages that are not stored yet
  const Ingest& ingest() const { return ingest_; }
  const std::string& problem() const { return problem_; }  // why the broker cannot be reached, or ""

 private:
  struct Known {  // a device that was heard since the start
    std::string gateway;
    std::int64_t seen_ms = 0;  // as the database has it
    bool online = false;
    bool noted = false;          // the database has it as online, by this gateway
    bool speaks_itself = false;  // is online in a session of its own: no gateway has a say about it
  };
  struct Command {
    std::string device;
    std::string suffix;
    std::string json;
    std::chrono::seconds expiry;
  };

  void on_connected(bool session_present) override;
  void on_disconnected(const Error& why) override;
  void on_message(const wire::mqtt::Message& message) override;
  void take(const wire::DeviceTopic& topic, const wire::mqtt::Message& message);
  void refuse(const DeviceMessage& message, wire::mqtt::AckToken token, const Error& why);
  bool take_goodbye(DeviceMessage& message);
  bool is_hearsay(const DeviceMessage& message) const;
  void set_aside(const DeviceMessage& message, bool retained);
  bool has_room_for(const DeviceMessage& message, wire::mqtt::AckToken token) const;
  void keep(Ingest::Item item);
  void let_go(const DeviceMessage& message);
  net::Task<void> check_and_store(Ingest::Item item);
  void answer_question(const DeviceMessage& message);
  void finished(const Ingest::Item& item, const Result<void>& how);
  void send_stored();
  void note_presence(const DeviceMessage& message);
  void take_presence(db::PresenceRow row);
  void note_seen(const DeviceMessage& message);
  net::Task<void> write_presence();
  void tell_presence(const std::vector<db::PresenceRow>& stored, bool forgotten);
  net::Task<void> send_commands();
  net::Task<void> watch_broker();
  Known& known(const std::string& device);

  net::Executor loop_;
  db::Database& database_;
  DeviceLinkOptions options_;
  net::MqttSession session_;
  Ingest ingest_;
  std::vector<Resolver> resolvers_;
  std::function<bool(const std::string&)> admits_;
  ResultCheck check_result_;
  std::size_t waiting_ = 0;  // messages and their bytes from keep() to let_go()
  std::size_t waiting_bytes_ = 0;
  MessageQuota quota_;
  OncePerMinute complaints_;
  std::unordered_map<std::string, Known> known_;
  std::size_t online_count_ = 0;
  std::unordered_map<std::string, wire::Stored> stored_;  // by topic; of the batch that was just committed
  std::unordered_map<std::string, db::PresenceRow> presence_;  // to be written
  std::unordered_map<std::string, db::PresenceRow> seen_;      // who spoke; online: that is news, too
  std::unordered_set<std::string> turned_;                     // of those in presence_, who came or left
  std::unordered_map<std::string, db::PresenceRow> claims_;    // see set_aside()
  PresenceHook presence_changed_;
  bool all_offline_ = false;
  std::deque<Command> commands_;
  net::Notifier commands_changed_;
  net::TaskGroup tasks_;
  DeviceLinkCounters counters_;
  std::string problem_;
  net::LinkTrouble trouble_;
};

}  // namespace stratus::server
