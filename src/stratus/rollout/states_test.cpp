#include "stratus/rollout/states.hpp"

#include <fstream>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace stratus::rollout {
namespace {

// The rows of docs/rollouts.md: "| from | event | to | meaning |". People and the tables must agree. The two
// tables share no pair of states, so one reading serves both.
template <class Named>
std::set<std::string> documented_rows(Named named) {
  std::ifstream file(STRATUS_SOURCE_DIR "/docs/rollouts.md");
  std::set<std::string> rows;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string bar, from, event, to;
    words >> bar >> from >> bar >> event >> bar >> to;
    if (bar == "|" && named(from) && named(to)) rows.insert(fmt::format("{} {} {}", from, event, to));
  }
  return rows;
}

template <class Table>
std::set<std::string> rows_of(const Table& table) {
  std::set<std::string> rows;
  for (const auto& row : table)
    rows.insert(fmt::format("{} {} {}", name_of(row.from), name_of(row.event), name_of(row.to)));
  EXPECT_EQ(rows.size(), table.size()) << "two rows are the same";
  return rows;
}

TEST(Transitions, TheDocumentHoldsExactlyTheTables) {
  EXPECT_EQ(rows_of(transition_table()), documented_rows(state_named));
  EXPECT_EQ(rows_of(device_transition_table()), documented_rows(device_state_named));
}

template <class StateT, class EventT, class Table>
void check_answers(const Table& table, std::size_t states, std::size_t events) {
  for (std::size_t state = 0; state < states; ++state) {
    for (std::size_t event = 0; event < events; ++event) {
      const auto from = static_cast<StateT>(state);
      const auto what = static_cast<EventT>(event);
      std::size_t rows = 0;
      for (const auto& row : table) {
        if (row.from != from || row.event != what) continue;
        ++rows;
        const auto answered = next_state(from, what);
        ASSERT_TRUE(answered);
        EXPECT_EQ(*answered, row.to);
      }
      EXPECT_LE(rows, 1U) << name_of(from) << " " << name_of(what);
      if (rows > 0) continue;
      const auto answered = next_state(from, what);
      ASSERT_FALSE(answered) << name_of(from) << " " << name_of(what);
      EXPECT_EQ(answered.error().code(), ErrorCode::conflict);
    }
  }
}

TEST(Transitions, EveryRowIsAnsweredAndNothingElse) {
  check_answers<State, Event>(transition_table(), kStates, kEvents);
  check_answers<DeviceState, DeviceEvent>(device_transition_table(), kDeviceStates, kDeviceEvents);
}

TEST(Transitions, OnlyRequestStartsADevice) {
  for (const DeviceTransition& row : device_transition_table()) {
    if (is_in_flight(row.from) || !is_in_flight(row.to)) continue;
    EXPECT_TRUE(row.event == DeviceEvent::request || row.event == DeviceEvent::give_back)
        << name_of(row.from) << " " << name_of(row.event);
  }
}

TEST(Transitions, OnlyRunningLeadsThroughWaves) {
  for (const Transition& row : transition_table()) {
    if (row.to == State::running) {
      EXPECT_TRUE(row.from == State::scheduled || row.from == State::running);
    }
  }
}

TEST(Transitions, NamesReadBack) {
  for (std::size_t i = 0; i < kStates; ++i)
    EXPECT_EQ(state_named(name_of(static_cast<State>(i))), static_cast<State>(i));
  for (std::size_t i = 0; i < kDeviceStates; ++i)
    EXPECT_EQ(device_state_named(name_of(static_cast<DeviceState>(i))), static_cast<DeviceState>(i));
  EXPECT_FALSE(state_named("waiting"));
  EXPECT_FALSE(device_state_named(""));
}

}  // namespace
}  // namespace stratus::rollout
