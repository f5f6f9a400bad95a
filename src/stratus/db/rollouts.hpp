// Rollouts as they are stored. Plain rows: what states and specs mean is rollout/'s business. Errors as in
// database.hpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/db/database.hpp"

namespace stratus::db {

struct RolloutRow {
  std::string id;
  std::string title;
  std::string state;
  std::string author;
  std::string spec;    // JSON; "" in a save: as it is stored
  std::string header;  // JSON
  std::int64_t created_ms = 0;
  std::int64_t changed_ms = 0;
  std::int64_t revision = 0;
};

struct RolloutDeviceRow {
  std::string device;
  std::int64_t place = 0;  // in the order of the plan
  std::int64_t wave = 0;
  std::string state;
  std::int64_t content = 0;
  std::int64_t attempt = 0;
  std::int64_t percent = 0;
  std::string zone;
  std::int64_t not_before_ms = 0;
  std::int64_t started_ms = 0;
  std::int64_t changed_ms = 0;
  std::int64_t sequence = -1;
  std::int64_t bytes = 0;
  std::string cause;
  std::string prior;  // JSON: what ran before
};

struct RolloutExclusionRow {
  std::string device;
  std::string reason;
  std::string detail;
};

struct RolloutEventRow {
  std::int64_t number = 0;  // given while storing
  std::int64_t at_ms = 0;
  std::string kind;
  std::string who;
  std::string detail;
};

struct RolloutHistoryRow {
  std::string device;
  std::string rollout;
  std::int64_t content = 0;
  std::int64_t attempt = 0;
  std::string outcome;
  std::string cause;
  std::string name, version, digest;
  std::string prior_version, prior_digest;
  std::int64_t started_ms = 0;
  std::int64_t ended_ms = 0;
  std::int64_t bytes = 0;
};

// What a device is to run of a name, instead of the name's target, since a rollout brought it there.
struct AssignmentRow {
  std::string device;
  std::string name, version, digest;
  std::string rollout;
  std::int64_t since_ms = 0;
};

// One batch of a rollout's changes.
struct RolloutSave {
  RolloutRow rollout;
  std::vector<RolloutDeviceRow> devices;
  std::vector<RolloutExclusionRow> exclusions;  // of a new rollout
  std::vector<RolloutEventRow> events;
  std::vector<std::string> claimed, released;  // devices
  std::vector<RolloutHistoryRow> history;
  std::vector<AssignmentRow> assignments;
};

inline constexpr std::int64_t kRolloutEventsKept = 2000;  // per rollout
inline constexpr std::int64_t kRolloutHistoryKept = 500;  // per device

// All of them or nothing; releases of every rollout before any claim. `conflict`: another rollout holds a
// device that one of these claims, or the stored revision is not the one before `rollout.revision`.
Result<void> save_rollouts(Transaction& transaction, const std::vector<RolloutSave>& saves);

// `not_found` when there is none.
Result<RolloutRow> find_rollout(Reader& reader, std::string_view id);
// Newest first, before the id `before` ("" from the newest). `states`: only these; empty: all.
Result<std::vector<RolloutRow>> list_rollouts(Reader& reader, const std::vector<std::string>& states,
                                              std::string_view before, std::int64_t limit);
// In the order of the plan, after `after_place` (-1: from the first).
Result<std::vector<RolloutDeviceRow>> load_rollout_devices(Reader& reader, std::string_view rollout,
                                                           std::int64_t after_place, std::int64_t limit);
// By device id, after `after`; only those in `state` unless it is empty.
Result<std::vector<RolloutDeviceRow>> list_rollout_devices(Reader& reader, std::string_view rollout,
                                                           std::string_view state, std::string_view after,
                                                           std::int64_t limit);
Result<std::vector<RolloutExclusionRow>> list_rollout_exclusions(Reader& reader, std::string_view rollout,
                                                                 std::string_view after, std::int64_t limit);
// Newest first.
Result<std::vector<RolloutEventRow>> list_rollout_events(Reader& reader, std::string_view rollout,
                                                         std::int64_t limit);
Result<std::vector<RolloutHistoryRow>> list_rollout_history(Reader& reader, std::string_view device,
                                                            std::int64_t limit);
// Every device in the order of the plan, so that its position here is its `place`.
struct RolloutTile {
  std::string device;
  std::string state;
  std::int64_t percent = 0;
};
Result<std::vector<RolloutTile>> list_rollout_tiles(Reader& reader, std::string_view rollout);
// How many devices came to their state in which stretch of time: stretch `number` begins at
// from_ms + number * width_ms. By number and state; only the states named.
struct RolloutStretch {
  std::int64_t number = 0;
  std::string state;
  std::int64_t devices = 0;
};
Result<std::vector<RolloutStretch>> count_rollout_stretches(Reader& reader, std::string_view rollout,
                                                            const std::vector<std::string>& states,
                                                            std::int64_t from_ms, std::int64_t width_ms);
// Devices in one of the states, those with the same cause, content and hardware together; most first.
struct RolloutFailures {
  std::string state;
  std::string cause;
  std::int64_t content = 0;
  std::string hardware;
  std::int64_t devices = 0;
  std::int64_t first_ms = 0, last_ms = 0;
  std::vector<std::string> sample;  // the first of them by id, at most kFailuresSample
};
constexpr std::size_t kFailuresSample = 10;
Result<std::vector<RolloutFailures>> group_rollout_failures(Reader& reader, std::string_view rollout,
                                                            const std::vector<std::string>& states,
                                                            std::int64_t limit);
// By device and name, after that pair.
Result<std::vector<AssignmentRow>> load_assignments(Reader& reader, std::string_view after_device,
                                                    std::string_view after_name, std::int64_t limit);

}  // namespace stratus::db
