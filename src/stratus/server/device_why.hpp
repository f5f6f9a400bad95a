// "Why is it not updated?": what has to hold for a device to run what is wanted of it, in the order in which
// it has to hold. The first that does not is the answer. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/base/digest.hpp"
#include "stratus/rollout/states.hpp"

namespace stratus::server {

// The rollout that the device takes part in, as far as it is not over.
struct WhyRollout {
  std::string id;
  std::string title;
  rollout::State state = rollout::State::running;
  std::string cause;  // of the state
  rollout::DeviceState device = rollout::DeviceState::waiting;
  std::uint32_t wave = 1, open_wave = 0;  // 0: none is open
  std::uint32_t attempt = 0, attempts = 1;
  bool waits_for_deltas = false;
  bool window_open = true;
  bool busy = false;               // another rollout updates the device
  std::int64_t not_before_ms = 0;  // of the next attempt
};

struct WhyFacts {
  std::int64_t now_ms = 0;
  bool known = true;
  bool active = true;
  bool identity_required = false;
  bool enrolled = false, revoked = false;
  std::optional<std::int64_t> certificate_ends_ms;  // of its newest active certificate
  std::string health;                               // db/fleet_view.hpp
  std::int64_t last_seen_ms = 0;
  std::string follows;  // the image; "" while unknown
  Digest running;
  std::string running_version;
  // What it is to run, and who says so.
  Digest wanted;
  std::string wanted_version;
  bool wanted_by_rollout = false;
  std::string incompatible;  // why it cannot run that; "" when it can
  std::optional<WhyRollout> rollout;
  // Its last word about an update.
  std::string last_state, last_reason;
  Digest last_target;
};

enum class WhyCode : std::uint8_t {
  known,
  active,
  enrolled,
  certificate,
  heard,  // at all
  online,
  follows,  // an image
  target,   // something is wanted of it
  compatible,
  rollout_running,
  deltas,
  wave,
  window,
  free,     // no other rollout has it
  retry,    // attempts are left, and the time of the next has come
  turn,     // it may ask now
  outcome,  // its last try of this release did not fail
  runs,     // what is wanted
};
std::string_view name_of(WhyCode code);

struct WhyStep {
  WhyCode code = WhyCode::known;
  bool ok = true;
  std::string detail;  // one line for people, in English
};

struct Why {
  bool updated = false;  // it runs what is wanted
  std::vector<WhyStep> steps;
  const WhyStep* blocker() const;  // the first step that does not hold; nullptr when there is none
};

// Steps that do not apply (no rollout, no identity demanded) are left out.
Why explain_device(const WhyFacts& facts);

}  // namespace stratus::server
