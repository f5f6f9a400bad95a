#include "stratus/rollout/states.hpp"

#include <array>

#include <fmt/format.h>

namespace stratus::rollout {
namespace {

using S = State;
using E = Event;
using D = DeviceState;
using N = DeviceEvent;

constexpr auto kTable = std::to_array<Transition>({
    {S::draft, E::submitted, S::scheduled},    {S::draft, E::submitted_for_approval, S::approval},
    {S::draft, E::abort, S::aborted},

    {S::approval, E::approved, S::scheduled},  {S::approval, E::rejected, S::aborted},
    {S::approval, E::abort, S::aborted},       {S::approval, E::expired, S::completed},

    {S::scheduled, E::start_due, S::running},  {S::scheduled, E::pause, S::paused},
    {S::scheduled, E::abort, S::aborting},     {S::scheduled, E::expired, S::completed},

    {S::running, E::wave_passed, S::running},  {S::running, E::gate_failed, S::paused},
    {S::running, E::pause, S::paused},         {S::running, E::abort, S::aborting},
    {S::running, E::retry, S::running},        {S::running, E::expired, S::completed},
    {S::running, E::all_closed, S::completed},

    {S::paused, E::resume, S::scheduled},  // whose time, once come, stays come
    {S::paused, E::abort, S::aborting},        {S::paused, E::retry, S::paused},
    {S::paused, E::expired, S::completed},

    {S::aborting, E::all_closed, S::aborted},

    {S::completed, E::retry, S::scheduled},    {S::completed, E::abort, S::aborting},
});

constexpr auto kDeviceTable = std::to_array<DeviceTransition>({
    {D::waiting, N::request, D::requested},
    {D::waiting, N::succeeded, D::success},
    {D::waiting, N::cancel, D::cancelled},
    {D::waiting, N::expire, D::timeout},

    {D::requested, N::told, D::downloading},
    {D::requested, N::fetching, D::downloading},
    {D::requested, N::installs, D::installing},
    {D::requested, N::pull_back, D::waiting},
    {D::requested, N::next_content, D::requested},
    {D::requested, N::succeeded, D::success},
    {D::requested, N::failed, D::failed},
    {D::requested, N::rolled_back, D::rolled_back},
    {D::requested, N::retry_later, D::waiting},
    {D::requested, N::timed_out, D::timeout},
    {D::requested, N::stopped, D::cancelled},
    {D::requested, N::cancel, D::cancelled},
    {D::requested, N::expire, D::timeout},

    {D::downloading, N::told, D::downloading},
    {D::downloading, N::fetching, D::downloading},
    {D::downloading, N::installs, D::installing},
    {D::downloading, N::next_content, D::requested},
    {D::downloading, N::succeeded, D::success},
    {D::downloading, N::failed, D::failed},
    {D::downloading, N::rolled_back, D::rolled_back},
    {D::downloading, N::retry_later, D::waiting},
    {D::downloading, N::timed_out, D::timeout},
    {D::downloading, N::stopped, D::cancelled},
    {D::downloading, N::cancel, D::cancelling},
    {D::downloading, N::expire, D::timeout},

    {D::installing, N::told, D::downloading},
    {D::installing, N::fetching, D::downloading},
    {D::installing, N::installs, D::installing},
    {D::installing, N::next_content, D::requested},
    {D::installing, N::succeeded, D::success},
    {D::installing, N::failed, D::failed},
    {D::installing, N::rolled_back, D::rolled_back},
    {D::installing, N::retry_later, D::waiting},
    {D::installing, N::timed_out, D::timeout},
    {D::installing, N::stopped, D::cancelled},
    {D::installing, N::cancel, D::cancelling},
    {D::installing, N::expire, D::timeout},

    {D::cancelling, N::cancel_acked, D::cancelled},
    {D::cancelling, N::cancel_lost, D::cancelled},
    {D::cancelling, N::next_content, D::cancelled},
    {D::cancelling, N::succeeded, D::success},
    {D::cancelling, N::failed, D::cancelled},
    {D::cancelling, N::rolled_back, D::cancelled},
    {D::cancelling, N::stopped, D::cancelled},
    {D::cancelling, N::expire, D::timeout},

    {D::returning, N::told, D::returning},
    {D::returning, N::fetching, D::returning},
    {D::returning, N::installs, D::returning},
    {D::returning, N::returned, D::returned},
    {D::returning, N::return_failed, D::failed},

    {D::success, N::give_back, D::returning},
    {D::failed, N::succeeded, D::success},
    {D::failed, N::retry, D::waiting},
    {D::timeout, N::succeeded, D::success},
    {D::timeout, N::retry, D::waiting},
    {D::rolled_back, N::retry, D::waiting},
});

constexpr auto kStateNames = std::to_array<std::string_view>(
    {"draft", "approval", "scheduled", "running", "paused", "aborting", "completed", "aborted"});
constexpr auto kEventNames = std::to_array<std::string_view>(
    {"submitted", "submitted_for_approval", "approved", "rejected", "start_due", "wave_passed", "gate_failed",
     "pause", "resume", "abort", "expired", "all_closed", "retry"});
constexpr auto kDeviceStateNames = std::to_array<std::string_view>(
    {"waiting", "requested", "downloading", "installing", "cancelling", "returning", "success", "failed",
     "timeout", "cancelled", "rolled_back", "returned"});
constexpr auto kDeviceEventNames =
    std::to_array<std::string_view>({"request",      "told",      "fetching", "installs",      "pull_back",
                                     "next_content", "succeeded", "failed",   "rolled_back",   "retry_later",
                                     "timed_out",    "stopped",   "cancel",   "cancel_acked",  "cancel_lost",
                                     "expire",       "give_back", "returned", "return_failed", "retry"});
static_assert(kStateNames.size() == kStates && kEventNames.size() == kEvents);
static_assert(kDeviceStateNames.size() == kDeviceStates && kDeviceEventNames.size() == kDeviceEvents);

template <class Value, std::size_t N>
std::optional<Value> named(const std::array<std::string_view, N>& names, std::string_view name) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == name) return static_cast<Value>(i);
  }
  return std::nullopt;
}

template <class To, class Table, class From, class What>
Result<To> look_up(const Table& table, From from, What event) {
  for (const auto& row : table) {
    if (row.from == from && row.event == event) return row.to;
  }
  return fail(ErrorCode::conflict,
              fmt::format("'{}' has no place in state '{}'", name_of(event), name_of(from)));
}

}  // namespace

std::string_view name_of(State state) { return kStateNames.at(static_cast<std::size_t>(state)); }
std::string_view name_of(Event event) { return kEventNames.at(static_cast<std::size_t>(event)); }
std::string_view name_of(DeviceState state) { return kDeviceStateNames.at(static_cast<std::size_t>(state)); }
std::string_view name_of(DeviceEvent event) { return kDeviceEventNames.at(static_cast<std::size_t>(event)); }
std::optional<State> state_named(std::string_view name) { return named<State>(kStateNames, name); }
std::optional<DeviceState> device_state_named(std::string_view name) {
  return named<DeviceState>(kDeviceStateNames, name);
}

std::span<const Transition> transition_table() { return kTable; }
std::span<const DeviceTransition> device_transition_table() { return kDeviceTable; }

Result<State> next_state(State from, Event event) { return look_up<State>(kTable, from, event); }
Result<DeviceState> next_state(DeviceState from, DeviceEvent event) {
  return look_up<DeviceState>(kDeviceTable, from, event);
}

}  // namespace stratus::rollout
