// Whose fault a failure is. Pure. Only what a signature covers can be a release's fault: a gateway's bytes, a
// recipe, this device's disk and memory say nothing about it.
#pragma once

#include "stratus/base/result.hpp"
#include "stratus/update/planner.hpp"
#include "stratus/update/states.hpp"

namespace stratus::update {

struct Judgement {
  Event event;
  bool blame_release;

  bool operator==(const Judgement&) const = default;
};

// A step's blob, which had its digest, could not be made a layer.
Judgement judge_unpacking(StepKind kind, ErrorCode code);

// A release was refused before anything of it was fetched. A signature may still be added to the same
// manifest, and the configuration beside it may be another's: such are looked at again.
bool blames_refused(ErrorCode code);

// A process could not be made ready to start: whether the release itself asks for what cannot be had.
bool blames_unprepared(ErrorCode code);

// A change of versions decides what runs; `swapping`: one is at work, a return among them. Once the return is
// made `rolled_back` is none: until its report is stored the old version is kept running as ever.
bool is_trying(State state, bool swapping);

// Whether the keeper may start the committed version now: nobody is changing versions, nothing runs.
bool keeper_may_start(State state, bool swapping, bool runs);

}  // namespace stratus::update
