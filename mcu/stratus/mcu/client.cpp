#include "stratus/mcu/client.hpp"

namespace stratus::mcu {

void Client::tell(const char* state, const char* status, Cause cause) {
  Outcome outcome = {};
  outcome.state = state;
  outcome.status = status;
  outcome.cause = cause;
  outcome.bytes = agent_.fetched();
  if (const Manifest* manifest = agent_.manifest(); manifest != nullptr) {
    memcpy(outcome.version, manifest->version.data, manifest->version.size);
    outcome.has_release = manifest->release != nullptr;
    if (outcome.has_release) memcpy(outcome.release, manifest->release, sizeof outcome.release);
  }
  telling_rejected_ = updater_.is_untold() && cause == updater_.state().cause && cause != Cause::ok;
  link_.tell(outcome);
}

void Client::judge() {
  const Record& record = updater_.state();
  const Cause cause = agent_.cause();
  if (step_ == AgentStep::accepted) {
    announced_ = true;
    tell("committed", "SUCCESS", Cause::ok);
  } else if (step_ == AgentStep::reboot) {
    link_.on_step(record.state == State::staged ? "installed" : "rolled_back", 0, 0);
  } else if (cause == Cause::cancelled) {
    tell("cancelled", "CANCELLED", cause);
  } else if (updater_.is_untold() && agent_.manifest() != nullptr &&
             updater_.is_bad(agent_.manifest()->component[0].digest)) {
    const bool tried = record.cause == Cause::trial_failed || record.cause == Cause::self_test_failed;
    tell(tried ? "rolled_back" : "failed", tried ? "ROLLED_BACK" : "FAILED", record.cause);
  } else if (cause == Cause::ok && !announced_) {
    announced_ = true;
    tell("committed", "SUCCESS", Cause::ok);
  }
  link_.end_cancel(cause == Cause::cancelled);
}

bool Client::poll() {
  link_.poll();
  if (link_.take_stored() && telling_rejected_) updater_.note_told();
  if (link_.wants_cancel()) {  // between two rounds: what was begun is given up, if it is not too late
    const State state = updater_.state().state;
    const bool under_way = state == State::writing || state == State::candidate || state == State::staged;
    const bool cancelled = under_way && updater_.cancel() == Cause::ok;
    if (cancelled) tell("cancelled", "CANCELLED", Cause::cancelled);
    link_.end_cancel(cancelled);
  }
  const uint32_t now = clock_.millis();
  const bool hint = link_.take_hint();
  was_round_ = !started_ || hint || static_cast<int32_t>(now - due_) >= 0;
  if (!was_round_) return false;
  started_ = true;
  step_ = agent_.poll();
  judge();
  due_ = clock_.millis() + agent_.wait_seconds() * 1000;
  return step_ == AgentStep::reboot;
}

}  // namespace stratus::mcu
