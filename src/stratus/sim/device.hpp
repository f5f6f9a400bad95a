// One simulated device: the update module's record, table, planner and pacing over a real MQTT session and
// real Range requests, with the misfortunes of its profile. It stores nothing of what it downloads; it hashes
// it.
//
// Split over device.cpp (life, messages) and device_update.cpp (the actions of an update). On the loop.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "stratus/net/mqtt_session.hpp"
#include "stratus/sim/chance.hpp"
#include "stratus/sim/flash.hpp"
#include "stratus/sim/profile.hpp"
#include "stratus/sim/world.hpp"
#include "stratus/update/planner.hpp"
#include "stratus/wire/messages.hpp"

namespace stratus::sim {

class Device final : private net::MqttEvents {
 public:
  // All must outlive it.
  Device(World& world, const FleetProfile& profile, std::string name, std::uint64_t first_sequence);
  ~Device() override;

  // Lives until it is cancelled; then stop() must be waited for.
  net::Task<void> live(Millis delay);
  net::Task<void> stop();

  // Now and then: repeats reports that nobody called stored, tells measurements.
  void tick(SteadyTime now);

  const std::string& name() const { return name_; }
  bool reached_goal() const;
  std::size_t unsaid() const { return flash_.unsaid.size(); }

 private:
  struct Outcome {
    update::Event event;
    update::EventDetail detail;
  };
  // What befalls the update under way; drawn when it is accepted, the simulator's knowledge and not the
  // device's.
  struct Fate {
    std::uint64_t power_cut_at = UINT64_MAX;  // bytes fetched of this update
    bool power_cut_in_probation = false;
    bool fails = false;
    bool interrupted = false;  // while something was fetched already
    bool downloading = false;
    std::uint64_t fetched = 0;
    SteadyTime began, download_began;
  };

  // device.cpp
  void on_connected(bool session_present) override;
  void on_disconnected(const Error& why) override;
  void on_message(const wire::mqtt::Message& message) override;
  void take_request(std::string_view body, bool asked);
  void take_cancel(std::string_view body);
  void end_cancel(const InstalledImage& image, bool committed);
  void answer_cancel(const std::string& command, std::string status, std::string reason);
  bool is_cancelled(const InstalledImage& image) const { return cancels_.contains(image.name); }
  void take_control(std::string_view body);
  void take_stored(std::string_view body);
  Result<void> power_on();
  net::Task<void> power_off();
  net::Task<void> run();
  net::Task<void> work_on(std::string name);
  std::string next_work();
  void say(std::string_view suffix, std::string body, bool retain = false);
  void tell_metrics(std::uint64_t late_ms);
  void ask(const std::string& name);
  void want(const std::string& name);

  // device_contents.cpp: what differs when the name is "content"
  std::string question(const InstalledImage& image) const;
  Outcome consider_contents(InstalledImage& image, std::string_view answer);
  std::vector<wire::DeviceReport> reports_of(const InstalledImage& image) const;

  // device_update.cpp
  net::Task<Outcome> perform(InstalledImage& image, update::Action action);
  net::Task<Outcome> ask_server(InstalledImage& image);
  Outcome consider(InstalledImage& image, std::string_view answer);
  Outcome unreadable(const Error& why);
  Outcome accept(InstalledImage& image, const update::ReleaseId& id, Result<ReleasePointer> release);
  Outcome plan(InstalledImage& image);
  net::Task<Outcome> fetch(InstalledImage& image);
  net::Task<Result<void>> fetch_blob(InstalledImage& image, update::BlobNeed need);
  net::Task<Result<void>> fetch_chunk(InstalledImage& image, Partial& partial, std::uint64_t size,
                                      std::uint64_t chunk);
  net::Task<Outcome> unpack(InstalledImage& image);
  net::Task<Outcome> watch(InstalledImage& image);
  Outcome conclude(InstalledImage& image);
  void tell_end(wire::DeviceReport report);
  net::Task<Result<void>> connect();
  void disconnect();
  Outcome outcome(update::Event event, std::string reason = {}) const;
  void tell_progress(const InstalledImage& image, bool now);
  void end_download();

  World& world_;
  const FleetProfile& profile_;
  std::string name_;
  Flash flash_;
  std::string kept_;  // of it in the file
  Chance chance_;
  Fate fate_;
  std::uint32_t finished_ = 0;

  // RAM: gone with the power.
  std::shared_ptr<const net::TlsIdentity> identity_;
  std::optional<crypto::SigningKey> key_;  // of it: decoding one costs more than a signature
  std::unique_ptr<net::MqttSession> session_;
  net::TaskGroup session_task_;
  net::Notifier wake_;
  std::unique_ptr<net::HttpConnection> connection_;
  Slots::Slot slot_;
  std::vector<std::string> wanted_;  // names to ask about
  std::string command_;              // the last request
  update::Plan plan_;
  PacketLoss loss_;
  Pace pace_;
  std::string boot_;
  unsigned boots_ = 0;
  unsigned attempts_ = 0;                       // without progress, in a row
  std::map<std::string, std::string> cancels_;  // what is given up: by name, the command that it answers
  bool power_lost_ = false;
  bool online_ = false;
  SteadyTime told_at_{};  // progress
  std::uint64_t told_bytes_ = 0;
  SteadyTime next_metrics_{};
  SteadyTime said_at_{};  // reports
};

}  // namespace stratus::sim
