// Everything the device must remember about its image, as one value: what runs, what it can return to, what
// is being installed, what went wrong. A journal record holds one whole DeviceRecord, so the last good record
// is the truth and nothing is folded together from pieces.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/base/digest.hpp"
#include "stratus/base/result.hpp"
#include "stratus/update/states.hpp"

namespace stratus::update {

struct ReleaseId {
  Digest manifest;  // empty: none
  std::string version;

  bool operator==(const ReleaseId&) const = default;
};

// A release that failed here: for good, or, when that may not have been its fault, set aside for a while.
struct BadRelease {
  Digest manifest;
  std::string reason;
  std::uint64_t retry_ms = 0;  // wall clock; 0: never again by itself
  unsigned times = 1;          // that it was set aside

  bool operator==(const BadRelease&) const = default;
};

// How often a risky step was begun. Ends of the agent within one run of the machine are counted apart from
// ends of the machine itself: the former are most likely of our own making, the latter power cuts.
struct Attempts {
  static constexpr unsigned kMaxInOneBoot = 3;
  static constexpr unsigned kMaxBoots = 5;

  unsigned here = 0;   // since `boot` began
  unsigned boots = 0;  // in which it was begun
  std::string boot;    // boot id of the last attempt

  bool operator==(const Attempts&) const = default;

  void count(const std::string& now_boot);
  // Asked at a restart: the last attempt has not come to an end.
  bool too_often(const std::string& now_boot) const;
};

// The highest signed counter of a name that was ever committed here.
struct CounterFloor {
  std::string name;
  std::uint64_t counter = 0;

  bool operator==(const CounterFloor&) const = default;
};

struct DeviceRecord {
  static constexpr std::size_t kMaxBad = 16;  // oldest forgotten first
  static constexpr std::size_t kMaxFloors = 8;

  State state = State::idle;
  std::string reason;   // why, in the outcome states; one line for people
  ReleaseId current;    // committed; runs unless a candidate is being tried
  ReleaseId previous;   // what `current` replaced: kept for a return
  ReleaseId candidate;  // being installed or tried
  std::vector<BadRelease> bad;
  Attempts unpacking;         // of the candidate, each counted before it is made
  Attempts swapping;          // likewise
  std::uint64_t counter = 0;  // signed, of the candidate
  std::vector<CounterFloor> floors;
  bool without_deltas = false;      // a recipe turned out wrong for this candidate
  std::string plan;                 // "nothing", "delta", "layers", "full"
  std::uint64_t bytes = 0;          // fetched for the candidate, heads included
  std::uint64_t began_ms = 0;       // wall clock, when the candidate was learnt of
  std::uint64_t downtime_ms = 0;    // of the last swap
  std::uint64_t next_sequence = 1;  // of the next report

  bool operator==(const DeviceRecord&) const = default;

  // At wall clock time `now_ms`; 0 counts only what failed for good.
  bool is_bad(const Digest& manifest, std::uint64_t now_ms) const;
  // For how many ms from `now_ms` on it is left alone; none: for good.
  std::optional<std::uint64_t> retry_after(const Digest& manifest, std::uint64_t now_ms) const;
  // 0 when nothing of the name was committed yet.
  std::uint64_t floor_of(std::string_view name) const;
};

// What an event brings with it; fields that the event does not need are ignored.
struct EventDetail {
  std::string reason;  // refused, over_limits, gave_up, no_space, start_failed, unhealthy, cancel_requested …
  ReleaseId release;              // accepted
  std::uint64_t counter = 0;      // accepted
  std::string name;               // passed: of the image
  std::string plan;               // plan_ready, nothing_to_fetch
  std::uint64_t bytes = 0;        // fetched, link_lost …: added
  std::uint64_t downtime_ms = 0;  // healthy
  std::uint64_t now_ms = 0;       // wall clock
  std::string boot;               // boot id
  // The failure says something about the release and not about this moment: never try that digest again.
  bool blame_release = false;
  // It may say something: try that digest again only after a while.
  bool set_aside = false;
};

// One step of the machine: `record` becomes what must be made durable before the answered action is begun.
// On an error the record is unchanged.
Result<Action> step(DeviceRecord& record, Event event, const EventDetail& detail);

// The variant of `restarted` that fits what was found; `candidate_alive`: its process runs, `candidate_died`:
// it has ended and the machine has not been started anew since, `boot`: the boot id now.
Event restart_event(const DeviceRecord& record, bool candidate_alive, bool candidate_died,
                    const std::string& boot);

// Which releases' layers must stay.
std::vector<Digest> releases_to_keep(const DeviceRecord& record);

// JSON, one line; stable.
std::string encode_record(const DeviceRecord& record);
Result<DeviceRecord> parse_record(std::string_view text);
// As much as can be read of a record that parse_record refuses (a newer agent's, say): which release is
// committed, and of the rest what is intelligible. At rest, without a candidate. An error when not even the
// committed release can be read.
Result<DeviceRecord> salvage_record(std::string_view text);

}  // namespace stratus::update
