#include "stratus/update/blame.hpp"

#include <gtest/gtest.h>

namespace stratus::update {
namespace {

constexpr auto kCodes = {ErrorCode::not_found, ErrorCode::corrupt,     ErrorCode::denied,
                         ErrorCode::timeout,   ErrorCode::no_space,    ErrorCode::cancelled,
                         ErrorCode::conflict,  ErrorCode::unavailable, ErrorCode::invalid,
                         ErrorCode::internal};

// A gateway can put any bytes it likes into a delta that it offers.
TEST(Blame, NothingThatADeltaDoesIsTheReleasesFault) {
  for (const ErrorCode code : kCodes) {
    EXPECT_EQ(judge_unpacking(StepKind::delta, code), (Judgement{Event::damaged, false}));
  }
}

TEST(Blame, OfALayerOnlyItsOwnContent) {
  EXPECT_EQ(judge_unpacking(StepKind::layer, ErrorCode::no_space), (Judgement{Event::no_space, false}));
  EXPECT_EQ(judge_unpacking(StepKind::layer, ErrorCode::corrupt), (Judgement{Event::gave_up, true}));
  EXPECT_EQ(judge_unpacking(StepKind::layer, ErrorCode::invalid), (Judgement{Event::refused, true}));
  EXPECT_EQ(judge_unpacking(StepKind::layer, ErrorCode::denied), (Judgement{Event::refused, true}));
  EXPECT_EQ(judge_unpacking(StepKind::layer, ErrorCode::internal), (Judgement{Event::gave_up, false}));
}

TEST(Blame, ARefusedReleaseOnlyForWhatItIs) {
  for (const ErrorCode code : kCodes) {
    // `denied`: unsigned so far. `corrupt`: the configuration beside it is another's.
    EXPECT_EQ(blames_refused(code), code == ErrorCode::invalid);
  }
}

TEST(Blame, AnUnpreparedStartOnlyForWhatItAsksFor) {
  EXPECT_TRUE(blames_unprepared(ErrorCode::invalid));
  EXPECT_TRUE(blames_unprepared(ErrorCode::not_found));
  EXPECT_FALSE(blames_unprepared(ErrorCode::unavailable));
  EXPECT_FALSE(blames_unprepared(ErrorCode::no_space));
}

// Asked again after each pause: meanwhile an update may have put a version in charge.
TEST(Keeper, KeepsOutWhileVersionsChangeHandsAndWhenSomethingRuns) {
  // In rolled_back `swapping` tells whether the return is still being made; its report may wait for a disk.
  for (const State state :
       {State::idle, State::checking, State::fetching, State::verifying, State::failed, State::rolled_back}) {
    EXPECT_TRUE(keeper_may_start(state, false, false));
    EXPECT_FALSE(keeper_may_start(state, false, true));
    EXPECT_FALSE(keeper_may_start(state, true, false));
  }
  for (const State state : {State::swapping, State::probation}) {
    EXPECT_FALSE(keeper_may_start(state, false, false));
  }
}

}  // namespace
}  // namespace stratus::update
