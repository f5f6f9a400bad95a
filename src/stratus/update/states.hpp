// The device's way through an update, as one transition table (docs/device-states.md shows it to people).
// Pure: events in, the next state and what to do there out.
//
// The rule that makes it safe to stop anywhere: the new state is made durable before its action is begun, and
// every action is idempotent. After a restart the event `restarted` (or one of its variants) leads from
// whatever was recorded last to an action that finishes or takes back the work.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "stratus/base/result.hpp"

namespace stratus::update {

enum class State : std::uint8_t {
  idle,
  checking,
  planned,
  fetching,
  verifying,
  installed,
  swapping,
  probation,
  committed,
  rolled_back,
  failed,
  cancelled,
};

enum class Event : std::uint8_t {
  poll_due,             // time to ask, or somebody wants to know now
  up_to_date,           // what runs is the target
  unreachable,          // nobody answered
  known_bad,            // the target is a release that failed here before
  refused,              // signature, manifest or configuration is not acceptable
  accepted,             // a signed release that this device can run
  plan_ready,           // bytes, disk and memory are within their bounds
  nothing_to_fetch,     // every layer is here already
  over_limits,          // byte budget, disk or memory does not allow it
  fetched,              // every blob is here, each with its digest
  link_lost,            // will go on where it stopped
  gave_up,              // too often
  damaged,              // a blob or recipe is not what its digest says: take another way
  no_space,             // the disk filled up meanwhile
  verified,             // every layer unpacked, its diff id right, durable
  swap_begins,          // time to switch
  healthy,              // the new version runs and is well; the old one has stopped
  start_failed,         // the new version did not start or did not get well in time
  passed,               // well through the whole probation time
  unhealthy,            // crashed or failed its check in probation
  cancel_requested,     // by the operator
  settled,              // the outcome is stored and its report queued
  restarted,            // the agent starts and finds this state
  restarted_alive,      // … and the candidate's process runs
  restarted_dead,       // … and the candidate's process has ended while the machine went on
  restarted_too_often,  // … and unpacking or swapping was cut short often enough
  current_failed        // what was committed cannot be started any more, what it replaced runs instead
};

enum class Action : std::uint8_t {
  rest,         // wait for the next poll
  back_off,     // wait longer, with jitter
  ask,          // GET next
  make_plan,    // choose the cheapest way from what is here
  fetch,        // download blobs, resuming partial ones
  fetch_later,  // the same after a pause
  unpack,       // apply recipes and layers, check diff ids, sync, rename
  begin_swap,   // make ready to switch
  swap,         // start the new, stop the old, in the configured order
  watch,        // probation
  commit,       // note the new current version, drop what is no longer needed
  restore,      // see to it that the old version runs; remember the digest as bad
  discard,      // drop the candidate's partial work
  tell,         // nothing else to do: keep the reason, report
};

// Names as they stand in reports, the journal and the document.
std::string_view name_of(State state);
std::string_view name_of(Event event);
std::string_view name_of(Action action);
std::optional<State> state_named(std::string_view name);

struct Transition {
  State from;
  Event event;
  State to;
  Action action;
};
std::span<const Transition> transition_table();

// `conflict` when the table has no such row: the caller's fault, nothing changes.
Result<Transition> next_transition(State from, Event event);

// A state after which the update is over.
constexpr bool is_outcome(State state) {
  return state == State::committed || state == State::rolled_back || state == State::failed ||
         state == State::cancelled;
}

}  // namespace stratus::update
