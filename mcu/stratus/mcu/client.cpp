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
  telling_ = nullptr;
  link_.tell(outcome);
}

// A release may bring other parts to the same firmware, or only another name.
uint32_t Client::release() const {
  const Manifest* const manifest = agent_.manifest();
  return manifest == nullptr || manifest->release == nullptr ? 1 : crc32(manifest->release, 32) | 1;
}

// What was given up of the release that is wanted, and nobody knows.
Updater* Client::untold() {
  const Manifest* const manifest = agent_.manifest();
  if (manifest == nullptr) return nullptr;
  if (updater_.is_untold() && updater_.is_bad(manifest->component[0].digest)) return &updater_;
  Components* const parts = agent_.components();
  return parts != nullptr ? parts->untold(*manifest) : nullptr;
}

void Client::note_stored() {
  if (link_.take_stored() && telling_ != nullptr) telling_->note_told();
}

void Client::judge() {
  const Cause cause = agent_.cause();
  note_stored();
  Updater* const given_up = untold();
  if (step_ == AgentStep::accepted) {
    announced_ = release();
    tell("committed", "SUCCESS", Cause::ok);
  } else if (step_ == AgentStep::reboot) {
    link_.on_step(updater_.state().state == State::staged ? "installed" : "rolled_back", 0, 0);
  } else if (cause == Cause::cancelled) {
    tell("cancelled", "CANCELLED", cause);
  } else if (given_up != nullptr) {
    const bool on_its_way = telling_ == given_up && told_of_ == release() && link_.is_untold();
    const Cause why = given_up->state().cause;
    const bool tried = why == Cause::trial_failed || why == Cause::self_test_failed;
    if (!on_its_way) tell(tried ? "rolled_back" : "failed", tried ? "ROLLED_BACK" : "FAILED", why);
    telling_ = given_up;
    told_of_ = release();
  } else if (cause == Cause::ok && announced_ != release()) {
    announced_ = release();
    tell("committed", "SUCCESS", Cause::ok);
  }
  link_.end_cancel(cause == Cause::cancelled);
}

bool Client::poll() {
  // On trial the first word is the check-in that decides whether the image stays: the broker comes after it.
  if (started_ || !updater_.on_trial()) link_.poll();
  note_stored();
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
