// When a peer that could not answer is asked again. Pure.
#pragma once

#include <chrono>
#include <string_view>

#include "stratus/update/pacing.hpp"

namespace stratus::update {

constexpr unsigned kMaxAttempts = 20;  // without a byte of progress
constexpr unsigned kMaxDamaged = 2;    // wrong bytes of one file, in a row

// Retry-After in seconds (RFC 9110 section 10.2.3), five minutes at most; 0 when there is none that can be
// used. Its form as a date is not: clocks of devices are often wrong.
std::chrono::milliseconds asked_pause(std::string_view retry_after);

// The pause before attempt number `attempt` (1 = first repetition): anywhere below the doubled one ("full
// jitter"), so that a fleet that lost its server together does not come back together, but not below a
// twentieth of the first. `asked`: not before the peer wants it, and spread out from there on. `random` in
// [0, 1).
std::chrono::milliseconds retry_delay(const BackOff& back_off, unsigned attempt, double random,
                                      std::chrono::milliseconds asked);

}  // namespace stratus::update
