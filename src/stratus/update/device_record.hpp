// Everything the device must remember about its image, as one value: what runs, what it can return to, what
// is being installed, what went wrong. A journal record holds one whole DeviceRecord, so the last good record
// is the truth and nothing is folded together from pieces.
#pragma once

#include <cstdint>
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

struct BadRelease {
  Digest manifest;
  std::string reason;

  bool operator==(const BadRelease&) const = default;
};

struct DeviceRecord {
  static constexpr std::size_t kMaxBad = 16;  // oldest forgotten first
  static constexpr unsigned kMaxSwapAttempts = 3;

  State state = State::idle;
  std::string reason;   // why, in the outcome states; one line for people
  ReleaseId current;    // committed; runs unless a candidate is being tried
  ReleaseId previous;   // what `current` replaced: kept for a return
  ReleaseId candidate;  // being installed or tried
  std::vector<BadRelease> bad;
  unsigned swap_attempts = 0;       // of the candidate, counted before each swap
  bool without_deltas = false;      // a recipe turned out wrong for this candidate
  std::string plan;                 // "nothing", "delta", "layers", "full"
  std::uint64_t bytes = 0;          // fetched for the candidate, heads included
  std::uint64_t began_ms = 0;       // wall clock, when the candidate was learnt of
  std::uint64_t downtime_ms = 0;    // of the last swap
  std::uint64_t next_sequence = 1;  // of the next report

  bool operator==(const DeviceRecord&) const = default;

  bool is_bad(const Digest& manifest) const;
};

// What an event brings with it; fields that the event does not need are ignored.
struct EventDetail {
  std::string reason;  // refused, over_limits, gave_up, no_space, start_failed, unhealthy, cancel_requested …
  ReleaseId release;              // accepted
  std::string plan;               // plan_ready, nothing_to_fetch
  std::uint64_t bytes = 0;        // fetched, link_lost …: added
  std::uint64_t downtime_ms = 0;  // healthy
  std::uint64_t now_ms = 0;       // wall clock
  // The failure says something about the release and not about this moment: never try that digest again.
  bool blame_release = false;
};

// One step of the machine: `record` becomes what must be made durable before the answered action is begun.
// On an error the record is unchanged.
Result<Action> step(DeviceRecord& record, Event event, const EventDetail& detail);

// The variant of `restarted` that fits what was found; `candidate_alive`: its process runs, `same_boot`: the
// machine has not been started anew since the candidate was.
Event restart_event(const DeviceRecord& record, bool candidate_alive, bool same_boot);

// Which releases' layers must stay.
std::vector<Digest> releases_to_keep(const DeviceRecord& record);

// JSON, one line; stable.
std::string encode_record(const DeviceRecord& record);
Result<DeviceRecord> parse_record(std::string_view text);

}  // namespace stratus::update
