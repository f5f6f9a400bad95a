// The two transition tables of a rollout: the campaign's own way, and one device's way through it
// (docs/rollouts.md shows both to people; a test compares the page with the tables row by row).
// Pure: a state and an event in, the next state out. Who may raise an event, and when, is campaign.hpp's job.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "stratus/base/result.hpp"

namespace stratus::rollout {

enum class State : std::uint8_t {
  draft,      // written down, nothing happens
  approval,   // waits for a second person
  scheduled,  // starts when its time has come
  running,    // waves open one after the other
  paused,     // nothing new starts; what is under way goes on
  aborting,   // waits for devices to stop, and to go back where that was asked for
  completed,  // every device is closed
  aborted,
};
inline constexpr std::size_t kStates = 8;

enum class Event : std::uint8_t {
  submitted,               // the author wants it to run
  submitted_for_approval,  // … and somebody else has to agree
  approved,
  rejected,
  start_due,    // the start time has come
  wave_passed,  // its gate and its soak time are behind it
  gate_failed,  // too many failures, or success out of reach
  pause,
  resume,
  abort,
  expired,     // past the deadline
  all_closed,  // no device is open
  retry,       // failed devices are to try again
};
inline constexpr std::size_t kEvents = 13;

enum class DeviceState : std::uint8_t {
  waiting,      // for its wave, window, rate, turn
  requested,    // may be told; has not asked yet
  downloading,  // was told
  installing,
  cancelling,  // was told to stop, has not said that it did
  returning,   // goes back to what it ran before the rollout
  success,
  failed,
  timeout,
  cancelled,
  rolled_back,
  returned,
};
inline constexpr std::size_t kDeviceStates = 12;

enum class DeviceEvent : std::uint8_t {
  request,       // its turn has come
  told,          // asked what is next and is answered with the release
  fetching,      // says that it downloads
  installs,      // says that it installs
  pull_back,     // the rollout was paused before it was told
  next_content,  // one content is done, another follows
  succeeded,
  failed,
  rolled_back,
  retry_later,  // failed or timed out, and has attempts left
  timed_out,    // nothing final within the time of one attempt
  stopped,      // the update was cancelled on the device itself
  cancel,       // the operator wants it to stop
  cancel_acked,
  cancel_lost,  // no acknowledgement in time
  expire,       // the rollout's deadline
  give_back,    // go back to what ran before
  returned,
  return_failed,
  retry,  // the operator wants another try
};
inline constexpr std::size_t kDeviceEvents = 20;

struct Transition {
  State from;
  Event event;
  State to;
};
struct DeviceTransition {
  DeviceState from;
  DeviceEvent event;
  DeviceState to;
};
std::span<const Transition> transition_table();
std::span<const DeviceTransition> device_transition_table();

// `conflict` when the table has no such row; nothing changes.
Result<State> next_state(State from, Event event);
Result<DeviceState> next_state(DeviceState from, DeviceEvent event);

// Lower-case words as they stand in the database, the interface and the document.
std::string_view name_of(State state);
std::string_view name_of(Event event);
std::string_view name_of(DeviceState state);
std::string_view name_of(DeviceEvent event);
std::optional<State> state_named(std::string_view name);
std::optional<DeviceState> device_state_named(std::string_view name);

// Nothing moves any more, apart from `retry`.
constexpr bool is_final(State state) { return state == State::completed || state == State::aborted; }
// A closed device has its result.
constexpr bool is_closed(DeviceState state) { return state >= DeviceState::success; }
// The device belongs to this rollout and to no other (one update per device at a time).
constexpr bool is_in_flight(DeviceState state) {
  return state >= DeviceState::requested && state <= DeviceState::returning;
}
constexpr bool is_failure(DeviceState state) {
  return state == DeviceState::failed || state == DeviceState::timeout || state == DeviceState::rolled_back;
}

}  // namespace stratus::rollout
