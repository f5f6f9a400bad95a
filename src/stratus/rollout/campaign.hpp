// One rollout while it lives: a value that is fed orders of people, news of devices and the time, and that
// says what changed. Pure: it reads no clock, writes nothing, sends nothing.
//
// The owner's part of the bargain (server/rollouts.hpp keeps it):
//   - take_changes() after every call or batch of calls; make them durable in one transaction; only then let
//     anybody see an effect (answer the person, answer the device, send). When storing fails, throw the
//     campaign away and load it again from what is stored.
//   - a device is told about a release only as the answer to `told`, which is refused unless its turn has
//     come. So a pause that was acknowledged is never followed by a start.
//
// Gates are judged on what counts: devices of the wave without the cancelled ones, failures without those
// that a person accepted by resuming after the gate had failed.
//
// One thread. Times are ms since 1970 UTC and may stand still or jump; nothing is started early by that.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "stratus/rollout/counts.hpp"
#include "stratus/rollout/plan.hpp"
#include "stratus/rollout/spec.hpp"

namespace stratus::rollout {

// A device's row; everything of it is stored.
struct Device {
  std::string id;
  std::uint32_t wave = 0;
  DeviceState state = DeviceState::waiting;
  std::uint16_t content = 0;       // the one under way
  std::uint16_t attempt = 0;       // begun so far
  std::uint8_t percent = 0;        // of the content under way; 100 only once the device succeeded
  std::string zone;                // of its local time, for the window
  std::int64_t not_before_ms = 0;  // of the next attempt; rolled_back: 0 when the device refuses it for good
  std::int64_t started_ms = 0;     // of the current attempt
  std::int64_t changed_ms = 0;     // since when in `state`
  std::int64_t sequence = -1;      // of the last report that was taken in
  std::uint64_t bytes = 0;         // fetched, as reported
  std::string cause;               // one line; empty while all is well
  std::vector<Before> before;      // per content
};

// Whether the device went back from the release for good: told about it again, it would only rest.
constexpr bool refuses(const Device& device) {
  return device.state == DeviceState::rolled_back && device.not_before_ms == 0;
}

// What the last order to retry came to.
struct Retried {
  std::uint32_t devices = 0;   // that wait for another try
  std::uint32_t left_out = 0;  // because they refuse it

  bool operator==(const Retried&) const = default;
};

struct WaveRecord {
  std::int64_t opened_ms = 0;   // 0: not yet
  std::int64_t settled_ms = 0;  // when enough had succeeded; the soak time counts from here
  std::int64_t passed_ms = 0;   // when the next one opened
  std::uint32_t accepted = 0;   // failures that a person accepted
};

// Who gives an order for which two different people are needed. One person speaks by several names: a
// session, tokens. So the label is for people to read, and `id` alone says whether somebody is another one.
struct Person {
  std::string label;  // "token:ann/ci"
  std::string id;     // of the user; what belongs to no user is all one person
};

// What is stored of the rollout itself, beside its spec.
struct Header {
  std::string id;
  State state = State::draft;
  int wave = -1;      // the newest open one
  std::string cause;  // why it is paused, aborted or incomplete; one line
  std::string author, approver;
  std::string author_person;         // Person::id; empty: nobody knows any more, so nobody is another one
  std::string advance_asked_by;      // who wants to skip the rest of this wave's gate
  std::string advance_asked_person;  // Person::id
  bool give_back = false;            // aborting: devices that were updated return
  std::int64_t created_ms = 0, started_ms = 0, finished_ms = 0;
  std::int64_t last_start_ms = 0;  // of a device, for the rate
  std::uint32_t refusing = 0;      // devices that went back for good
  Retried retried;
  std::vector<WaveRecord> waves;
};

struct Note {  // a line of the event log
  std::int64_t at_ms = 0;
  std::string kind;  // "pause", "gate_failed", "wave_opened", …
  std::string who;   // empty: the rollout by itself
  std::string detail;
};

enum class Tell : std::uint8_t { request, cancel, give_back };
struct Telling {
  std::string device;
  Tell what;
  std::uint16_t content = 0;  // the one that it is about
};

// A content of a device came to an end: a line of the device's history.
struct Ending {
  std::string device;
  std::uint16_t content = 0;
  std::uint16_t attempt = 0;
  DeviceState outcome = DeviceState::success;
  std::string cause;
  std::int64_t started_ms = 0, ended_ms = 0;
  std::uint64_t bytes = 0;
  Before before;
  // What the device is to run from now on, when this changed it.
  bool stands = false;
  std::string name, version;
  Digest digest;
};

struct Changes {
  bool header = false;
  std::vector<std::uint32_t> devices;  // indices of rows that are new or differ, each once
  std::vector<std::string> claimed;    // now this rollout's alone
  std::vector<std::string> released;   // free for others again; none of them is claimed in the same batch
  std::vector<Note> notes;
  std::vector<Telling> tellings;
  std::vector<Ending> endings;

  bool empty() const { return !header && devices.empty() && notes.empty(); }
};

struct DeviceNews {
  DeviceEvent event = DeviceEvent::told;  // told, fetching, installs, succeeded, failed, rolled_back,
                                          // stopped, cancel_acked
  Digest about;                           // the release it is about; must be the one under way
  std::int64_t sequence = -1;             // of the report; a repeat changes nothing
  std::uint8_t percent = 0;               // of a download
  std::uint64_t bytes = 0;
  std::string cause;
  // rolled_back: for how long it leaves the release alone, a day at most; none: it refuses it for good.
  std::optional<std::uint64_t> retry_after_ms;
};

// What a device under way is to run.
struct Assignment {
  std::string name, version;
  Digest digest;
};

class Campaign {
 public:
  // Local time minus UTC in minutes at a moment. Fixed offsets ("+09:00") are understood without it.
  using LocalOffset = std::function<int(const std::string& zone, std::int64_t utc_ms)>;
  void use_offsets(LocalOffset offsets) { offsets_ = std::move(offsets); }

  using IsBusy = std::function<bool(const std::string& device)>;  // held by another rollout

  // A new rollout as planned, in `draft`. Everything counts as changed.
  static Campaign create(Header header, Spec spec, const Plan& plan);
  // What was stored; header.waves may be shorter than the spec's.
  Campaign(Header header, Spec spec, std::vector<Device> devices);

  // Orders. `conflict` when the state does not allow it, `denied` when the person may not.
  Result<void> submit(const std::string& who, std::int64_t now);
  Result<void> approve(const Person& who, std::int64_t now);  // not by the author
  Result<void> reject(const std::string& who, const std::string& why, std::int64_t now);
  Result<void> pause(const std::string& who, const std::string& why, std::int64_t now);
  Result<void> resume(const std::string& who, std::int64_t now);  // accepts the failures so far
  // `is_busy`: held by another rollout, or updated by another since; such devices are not taken back.
  Result<void> abort(const std::string& who, const std::string& why, bool give_back, std::int64_t now,
                     const IsBusy& is_busy);
  // Failed, timed-out and rolled-back devices wait for another try, those that refuse the release left out;
  // with `only` these of them, whether they refuse it or not. A deadline that has passed needs a later one.
  // Answers what header().retried says from now on; `conflict` when nobody is left.
  Result<Retried> retry(const std::string& who, std::span<const std::string> only, std::int64_t expires_ms,
                        std::int64_t now);
  // Takes devices out. Answers how many were open.
  Result<std::uint32_t> cancel(const std::string& who, std::span<const std::string> devices,
                               std::int64_t now);
  // Opens the next wave before gate and soak time allow it: the second of two different people does it.
  // Answers whether it opened.
  Result<bool> advance(const Person& who, std::int64_t now);

  // False: it changed nothing (not of this rollout, about another release, a repeat, too late).
  bool news(std::string_view device, const DeviceNews& news, std::int64_t now);
  // Devices that came later go into the last wave that is open (the first while none is). Known ones are
  // left out. Only with Spec::joining.
  std::uint32_t join(std::span<const Member> members, std::int64_t now);
  bool takes_joining() const { return spec_.joining != Joining::no && !is_final(header_.state); }
  // Everything that time brings: start, expiry, attempts that took too long, gates, waves, turns.
  void tick(std::int64_t now, const IsBusy& is_busy);
  // When tick() is wanted next at the latest; a far time when only news can change anything.
  std::int64_t next_tick(std::int64_t now) const;

  Changes take_changes();

  const Header& header() const { return header_; }
  const Spec& spec() const { return spec_; }
  const std::vector<Device>& devices() const { return devices_; }
  const Device* find(std::string_view device) const;
  Counts counts() const;
  const std::vector<Counts>& wave_counts() const { return counts_; }
  // What the device is to run now on behalf of this rollout; nothing unless it is under way.
  std::optional<Assignment> assignment(const Device& device) const;
  // Whether the maintenance window is open in the device's local time; true without one.
  bool window_open(const Device& device, std::int64_t now) const;
  // Why an open device is not further, for people.
  std::string explain(const Device& device, std::int64_t now, const IsBusy& is_busy) const;

 private:
  Device* at(std::string_view device);
  Result<void> order(Event event, std::string_view kind, const std::string& who, const std::string& detail,
                     std::int64_t now);
  bool move(Device& device, DeviceEvent event, std::int64_t now, const std::string& cause);
  void touch(const Device& device);
  void tell(const Device& device, Tell what);
  void note(std::string_view kind, const std::string& who, std::string detail, std::int64_t now);
  void end_content(const Device& device, DeviceState outcome, std::int64_t now, bool stands);
  void content_done(Device& device, std::int64_t now);
  void attempt_failed(Device& device, DeviceEvent event, const std::string& cause, std::int64_t now);
  // Its update ended in a return; `retry_after_ms` as in DeviceNews.
  void went_back(Device& device, std::optional<std::uint64_t> retry_after_ms, std::int64_t now);
  void begin_return(Device& device, std::int64_t now);
  // Sets `content` to the newest one before `from` that the device can return from; false: none.
  static bool pick_return(Device& device, int from);
  void add_device(Device device);
  void cancel_device(Device& device, const std::string& cause, std::int64_t now);
  void check_times(std::int64_t now);
  void open_wave(std::int64_t now);
  void move_waves(std::int64_t now);
  void start_devices(std::int64_t now, const IsBusy& is_busy);
  void finish_if_closed(std::int64_t now);
  void expire(std::int64_t now);
  struct Judgement {
    std::uint32_t counted = 0, failures = 0, successes = 0;
    bool passed = false, failed = false;
  };
  Judgement judge(std::size_t wave) const;

  Header header_;
  Spec spec_;
  std::vector<Device> devices_;
  std::unordered_map<std::string, std::uint32_t> index_;
  std::vector<Counts> counts_;         // per wave
  std::vector<std::uint32_t> queue_;   // waiting devices of open waves
  std::vector<std::uint32_t> flying_;  // in flight, each once, some no longer: cleaned in check_times
  bool queue_stale_ = true;
  Changes changes_;
  LocalOffset offsets_;
  std::vector<bool> touched_;  // per device: in changes_.devices
  std::vector<bool> listed_;   // per device: in flying_
  std::vector<bool> held_;     // per device: claimed, as of the last take_changes()
};

}  // namespace stratus::rollout
