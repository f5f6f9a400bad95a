#include "stratus/update/blame.hpp"

namespace stratus::update {

Judgement judge_unpacking(StepKind kind, ErrorCode code) {
  // No signature covers a delta, nor what it makes before its digest is known. The plan without it sees for
  // itself whether there is room.
  if (kind == StepKind::delta) return {Event::damaged, false};
  switch (code) {
    case ErrorCode::no_space:
      return {Event::no_space, false};
    case ErrorCode::corrupt:  // the blob had its digest: the layer is not what the release says
      return {Event::gave_up, true};
    case ErrorCode::invalid:
    case ErrorCode::denied:
      return {Event::refused, true};
    default:
      return {Event::gave_up, false};
  }
}

bool blames_refused(ErrorCode code) { return code == ErrorCode::invalid; }

bool blames_unprepared(ErrorCode code) {
  return code == ErrorCode::invalid || code == ErrorCode::not_found || code == ErrorCode::denied;
}

bool is_trying(State state, bool swapping) {
  return swapping || state == State::probation || state == State::swapping;
}

bool keeper_may_start(State state, bool swapping, bool runs) { return !is_trying(state, swapping) && !runs; }

}  // namespace stratus::update
