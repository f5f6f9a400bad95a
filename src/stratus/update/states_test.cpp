#include "stratus/update/states.hpp"

#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace stratus::update {
namespace {

// The rows of docs/device-states.md: "| from | event | to | action | …". People and the table must agree.
std::set<std::string> documented_rows() {
  std::ifstream file(STRATUS_SOURCE_DIR "/docs/device-states.md");
  std::set<std::string> rows;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string bar, from, event, to, action;
    words >> bar >> from >> bar >> event >> bar >> to >> bar >> action;
    if (state_named(from) && state_named(to))
      rows.insert(fmt::format("{} {} {} {}", from, event, to, action));
  }
  return rows;
}

TEST(Transitions, TheDocumentHoldsExactlyTheTable) {
  std::set<std::string> rows;
  for (const Transition& row : transition_table()) {
    rows.insert(fmt::format("{} {} {} {}", name_of(row.from), name_of(row.event), name_of(row.to),
                            name_of(row.action)));
  }
  EXPECT_EQ(rows.size(), transition_table().size()) << "two rows are the same";
  EXPECT_EQ(rows, documented_rows());
}

TEST(Transitions, OneRowForAStateAndAnEvent) {
  std::set<std::pair<State, Event>> seen;
  for (const Transition& row : transition_table()) {
    EXPECT_TRUE(seen.emplace(row.from, row.event).second) << name_of(row.from) << " " << name_of(row.event);
  }
}

TEST(Transitions, EveryRowIsWhatIsAnswered) {
  for (const Transition& row : transition_table()) {
    const auto answered = next_transition(row.from, row.event);
    ASSERT_TRUE(answered);
    EXPECT_EQ(answered->to, row.to);
    EXPECT_EQ(answered->action, row.action);
  }
}

TEST(Transitions, WhatIsNotInTheTableIsRefused) {
  std::size_t refused = 0;
  std::set<std::pair<State, Event>> rows;
  for (const Transition& row : transition_table()) rows.emplace(row.from, row.event);
  for (int state = 0; state <= static_cast<int>(State::cancelled); ++state) {
    for (int event = 0; event <= static_cast<int>(Event::restarted_too_often); ++event) {
      const auto pair = std::pair(static_cast<State>(state), static_cast<Event>(event));
      if (rows.contains(pair)) continue;
      const auto answered = next_transition(pair.first, pair.second);
      ASSERT_FALSE(answered);
      EXPECT_EQ(answered.error().code(), ErrorCode::conflict);
      ++refused;
    }
  }
  EXPECT_GT(refused, 200U);
}

TEST(Transitions, ARestartHasAPlaceInEveryState) {
  for (int state = 0; state <= static_cast<int>(State::cancelled); ++state) {
    EXPECT_TRUE(next_transition(static_cast<State>(state), Event::restarted))
        << name_of(static_cast<State>(state));
  }
}

TEST(Transitions, EveryOutcomeComesToRest) {
  for (const State state : {State::committed, State::rolled_back, State::failed, State::cancelled}) {
    ASSERT_TRUE(is_outcome(state));
    const auto settled = next_transition(state, Event::settled);
    ASSERT_TRUE(settled);
    EXPECT_EQ(settled->to, State::idle);
  }
}

TEST(Transitions, OnlyProbationPassedCommits) {
  for (const Transition& row : transition_table()) {
    if (row.to == State::committed && row.from != State::committed) {
      EXPECT_EQ(row.from, State::probation);
      EXPECT_EQ(row.event, Event::passed);
    }
  }
}

TEST(Transitions, NamesReadBack) {
  for (int state = 0; state <= static_cast<int>(State::cancelled); ++state) {
    EXPECT_EQ(state_named(name_of(static_cast<State>(state))), static_cast<State>(state));
  }
  EXPECT_EQ(state_named("nowhere"), std::nullopt);
  EXPECT_EQ(name_of(Event::restarted_too_often), "restarted_too_often");
  EXPECT_EQ(name_of(Action::tell), "tell");
}

}  // namespace
}  // namespace stratus::update
