#include "stratus/update/states.hpp"

#include <array>

#include <fmt/format.h>

namespace stratus::update {
namespace {

using S = State;
using E = Event;
using A = Action;

constexpr auto kTable = std::to_array<Transition>({
    {S::idle, E::poll_due, S::checking, A::ask},
    {S::idle, E::restarted, S::idle, A::rest},
    {S::idle, E::current_failed, S::rolled_back, A::restore},

    {S::checking, E::up_to_date, S::idle, A::rest},
    {S::checking, E::unreachable, S::idle, A::back_off},
    {S::checking, E::known_bad, S::idle, A::rest},
    {S::checking, E::refused, S::failed, A::tell},
    {S::checking, E::accepted, S::planned, A::make_plan},
    {S::checking, E::cancel_requested, S::idle, A::rest},
    {S::checking, E::restarted, S::idle, A::rest},

    {S::planned, E::plan_ready, S::fetching, A::fetch},
    {S::planned, E::nothing_to_fetch, S::verifying, A::unpack},
    {S::planned, E::over_limits, S::failed, A::tell},
    {S::planned, E::refused, S::failed, A::tell},
    {S::planned, E::no_space, S::failed, A::discard},
    {S::planned, E::cancel_requested, S::cancelled, A::discard},
    {S::planned, E::restarted, S::planned, A::make_plan},

    {S::fetching, E::fetched, S::verifying, A::unpack},
    {S::fetching, E::link_lost, S::fetching, A::fetch_later},
    {S::fetching, E::gave_up, S::failed, A::tell},
    {S::fetching, E::damaged, S::planned, A::make_plan},
    {S::fetching, E::no_space, S::failed, A::discard},
    {S::fetching, E::cancel_requested, S::cancelled, A::discard},
    {S::fetching, E::restarted, S::planned, A::make_plan},

    {S::verifying, E::verified, S::installed, A::begin_swap},
    {S::verifying, E::damaged, S::planned, A::make_plan},
    {S::verifying, E::refused, S::failed, A::discard},
    {S::verifying, E::gave_up, S::failed, A::discard},
    {S::verifying, E::no_space, S::failed, A::discard},
    {S::verifying, E::cancel_requested, S::cancelled, A::discard},
    {S::verifying, E::restarted, S::planned, A::make_plan},
    {S::verifying, E::restarted_too_often, S::failed, A::discard},

    {S::installed, E::swap_begins, S::swapping, A::swap},
    {S::installed, E::cancel_requested, S::cancelled, A::discard},
    {S::installed, E::restarted, S::installed, A::begin_swap},

    {S::swapping, E::healthy, S::probation, A::watch},
    {S::swapping, E::start_failed, S::rolled_back, A::restore},
    {S::swapping, E::cancel_requested, S::rolled_back, A::restore},
    {S::swapping, E::restarted, S::installed, A::begin_swap},
    {S::swapping, E::restarted_too_often, S::rolled_back, A::restore},

    {S::probation, E::passed, S::committed, A::commit},
    {S::probation, E::unhealthy, S::rolled_back, A::restore},
    {S::probation, E::cancel_requested, S::rolled_back, A::restore},
    {S::probation, E::restarted_alive, S::probation, A::watch},
    {S::probation, E::restarted_dead, S::rolled_back, A::restore},
    {S::probation, E::restarted, S::installed, A::begin_swap},  // after a reboot nothing runs: once more
    {S::probation, E::restarted_too_often, S::rolled_back, A::restore},

    {S::committed, E::settled, S::idle, A::rest},
    {S::committed, E::restarted, S::committed, A::commit},
    {S::rolled_back, E::settled, S::idle, A::rest},
    {S::rolled_back, E::restarted, S::rolled_back, A::restore},
    {S::failed, E::settled, S::idle, A::back_off},
    {S::failed, E::restarted, S::failed, A::tell},
    {S::cancelled, E::settled, S::idle, A::rest},
    {S::cancelled, E::restarted, S::cancelled, A::discard},
});

constexpr auto kStateNames = std::to_array<std::string_view>(
    {"idle", "checking", "planned", "fetching", "verifying", "installed", "swapping", "probation",
     "committed", "rolled_back", "failed", "cancelled"});
constexpr auto kEventNames = std::to_array<std::string_view>({"poll_due",         "up_to_date",
                                                              "unreachable",      "known_bad",
                                                              "refused",          "accepted",
                                                              "plan_ready",       "nothing_to_fetch",
                                                              "over_limits",      "fetched",
                                                              "link_lost",        "gave_up",
                                                              "damaged",          "no_space",
                                                              "verified",         "swap_begins",
                                                              "healthy",          "start_failed",
                                                              "passed",           "unhealthy",
                                                              "cancel_requested", "settled",
                                                              "restarted",        "restarted_alive",
                                                              "restarted_dead",   "restarted_too_often",
                                                              "current_failed"});
constexpr auto kActionNames =
    std::to_array<std::string_view>({"rest", "back_off", "ask", "make_plan", "fetch", "fetch_later", "unpack",
                                     "begin_swap", "swap", "watch", "commit", "restore", "discard", "tell"});

}  // namespace

std::string_view name_of(State state) { return kStateNames.at(static_cast<std::size_t>(state)); }
std::string_view name_of(Event event) { return kEventNames.at(static_cast<std::size_t>(event)); }
std::string_view name_of(Action action) { return kActionNames.at(static_cast<std::size_t>(action)); }

std::optional<State> state_named(std::string_view name) {
  for (std::size_t i = 0; i < kStateNames.size(); ++i) {
    if (kStateNames[i] == name) return static_cast<State>(i);
  }
  return std::nullopt;
}

std::span<const Transition> transition_table() { return kTable; }

Result<Transition> next_transition(State from, Event event) {
  for (const Transition& row : kTable) {
    if (row.from == from && row.event == event) return row;
  }
  return fail(ErrorCode::conflict,
              fmt::format("'{}' has no place in state '{}'", name_of(event), name_of(from)));
}

}  // namespace stratus::update
