#include "stratus/server/device_why.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "stratus/base/clock.hpp"

namespace stratus::server {
namespace {

using rollout::DeviceState;
using rollout::State;

constexpr std::array<std::string_view, 18> kNames{
    "known",  "active",     "enrolled",        "certificate", "heard", "online", "follows",
    "target", "compatible", "rollout_running", "deltas",      "wave",  "window", "free",
    "retry",  "turn",       "outcome",         "runs"};

std::string named(const std::string& version, const Digest& digest) {
  if (digest.empty()) return "nothing";
  return version.empty() ? digest.short_hex() : fmt::format("{} ({})", version, digest.short_hex());
}

class Explainer {
 public:
  explicit Explainer(const WhyFacts& facts) : facts_(facts) {}

  Why explain() {
    add(WhyCode::known, facts_.known, facts_.known ? "it is registered" : "no such device is registered");
    if (!facts_.known) return std::move(why_);
    add(WhyCode::active, facts_.active,
        facts_.active ? "updates are given to it" : "it is set inactive: nothing is rolled out to it");
    explain_identity();
    explain_presence();
    explain_target();
    if (facts_.wanted.empty()) return std::move(why_);
    why_.updated = facts_.running == facts_.wanted;
    add(WhyCode::compatible, facts_.incompatible.empty(),
        facts_.incompatible.empty() ? "it can run the release" : facts_.incompatible);
    if (!why_.updated && facts_.rollout) explain_rollout(*facts_.rollout);
    if (!why_.updated) explain_outcome();
    explain_running();
    return std::move(why_);
  }

 private:
  void add(WhyCode code, bool ok, std::string detail) { why_.steps.push_back({code, ok, std::move(detail)}); }

  void explain_identity() {
    if (facts_.revoked) {
      add(WhyCode::enrolled, false, "it was shut out; it needs a code made for it to come back");
      return;
    }
    if (!facts_.enrolled && !facts_.identity_required) return;
    add(WhyCode::enrolled, facts_.enrolled,
        facts_.enrolled ? "it has an identity" : "it is not enrolled, and the server demands certificates");
    if (!facts_.certificate_ends_ms) return;
    const std::int64_t ends = *facts_.certificate_ends_ms;
    const bool valid = ends > facts_.now_ms;
    add(WhyCode::certificate, valid,
        (valid ? "its certificate is good until " : "its certificate ended on ") + format_time_ms(ends));
  }

  void explain_presence() {
    const bool heard = facts_.health != "never";
    add(WhyCode::heard, heard,
        heard ? "heard last at " + format_time_ms(facts_.last_seen_ms) : "it has never been heard of");
    if (!heard) return;
    const bool online = facts_.health == "online" || facts_.health == "degraded";
    add(WhyCode::online, online, online ? "it is online" : "it is offline; it will ask when it comes back");
  }

  void explain_target() {
    if (facts_.follows.empty() && facts_.wanted.empty()) {
      add(WhyCode::follows, false, "it has not said which image it follows");
      return;
    }
    if (!facts_.follows.empty()) add(WhyCode::follows, true, "it follows " + facts_.follows);
    if (facts_.wanted.empty()) {
      add(WhyCode::target, false, facts_.follows + " has no target, and no rollout covers the device");
      return;
    }
    const std::string release = named(facts_.wanted_version, facts_.wanted);
    add(WhyCode::target, true,
        facts_.wanted_by_rollout ? "a rollout wants " + release + " of it"
                                 : "the target of " + facts_.follows + " is " + release);
  }

  void explain_rollout(const WhyRollout& it) {
    const bool runs = it.state == State::running;
    add(WhyCode::rollout_running, runs,
        fmt::format("rollout {} is {}{}{}", it.title.empty() ? it.id : it.title, name_of(it.state),
                    it.cause.empty() ? "" : ": ", it.cause));
    if (it.waits_for_deltas)
      add(WhyCode::deltas, false, "differences to older versions are being made first");
    const bool reached = it.open_wave >= it.wave;
    add(WhyCode::wave, reached,
        it.open_wave == 0 ? fmt::format("it is in wave {}, no wave is open", it.wave)
                          : fmt::format("it is in wave {}, wave {} is open", it.wave, it.open_wave));
    if (it.device == DeviceState::waiting) {
      add(WhyCode::window, it.window_open,
          it.window_open ? "its maintenance window is open"
                         : "outside the maintenance window of its local time");
      add(WhyCode::free, !it.busy,
          it.busy ? "another rollout is updating it" : "no other rollout is updating it");
    }
    explain_retry(it);
    if (it.device == DeviceState::waiting && runs && reached && it.window_open && !it.busy &&
        it.not_before_ms <= facts_.now_ms && !it.waits_for_deltas) {
      add(WhyCode::turn, false, "its turn comes by the rate or the number of devices under way");
    } else if (it.device == DeviceState::requested) {
      add(WhyCode::turn, true, "it may have the release; it has not asked yet");
    } else if (rollout::is_in_flight(it.device)) {
      add(WhyCode::turn, true, fmt::format("it is {}", name_of(it.device)));
    }
  }

  void explain_retry(const WhyRollout& it) {
    if (it.attempt == 0 && !rollout::is_closed(it.device)) return;
    if (rollout::is_closed(it.device) && it.device != DeviceState::success) {
      add(WhyCode::retry, false,
          fmt::format("it is {} after {} of {} attempts", name_of(it.device), it.attempt, it.attempts));
    } else if (it.device == DeviceState::waiting && it.not_before_ms > facts_.now_ms) {
      add(WhyCode::retry, false, "its next attempt is at " + format_time_ms(it.not_before_ms));
    } else {
      add(WhyCode::retry, true, fmt::format("attempt {} of {}", it.attempt, it.attempts));
    }
  }

  void explain_outcome() {
    if (facts_.last_target != facts_.wanted || facts_.last_state.empty()) return;
    const bool bad = facts_.last_state == "failed" || facts_.last_state == "rolled_back";
    add(WhyCode::outcome, !bad,
        fmt::format("it said {}{}{} about this release", facts_.last_state,
                    facts_.last_reason.empty() ? "" : ": ", facts_.last_reason));
  }

  // A device tells what it has committed: its first version may run on probation already.
  void explain_running() {
    const std::string wanted = named(facts_.wanted_version, facts_.wanted);
    const std::string running = named(facts_.running_version, facts_.running);
    add(WhyCode::runs, why_.updated,
        facts_.running.empty()
            ? fmt::format("it has committed no version yet (that ends its probation), {} is wanted", wanted)
            : fmt::format("it runs {}, {} is wanted", running, wanted));
  }

  const WhyFacts& facts_;
  Why why_;
};

}  // namespace

std::string_view name_of(WhyCode code) { return kNames[static_cast<std::size_t>(code)]; }

const WhyStep* Why::blocker() const {
  const auto found = std::find_if(steps.begin(), steps.end(), [](const WhyStep& step) { return !step.ok; });
  return found == steps.end() ? nullptr : &*found;
}

Why explain_device(const WhyFacts& facts) { return Explainer(facts).explain(); }

}  // namespace stratus::server
