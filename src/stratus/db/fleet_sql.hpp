// How one device is, as SQL: said once for the counts of the whole fleet (fleet_view.hpp) and for the filter
// language, so that each number leads to its devices. Pure.
//
//   health      never: registered, not heard of · online, degraded (online, its last update failed) · offline
//   compliance  on_target · behind · failing (the target was tried and did not hold) · none (nothing is
//   wanted)
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace stratus::db {

// Without a session a device counts as online this long after it was heard.
inline constexpr std::int64_t kOnlineMs = 5 * 60'000;

// For the device whose row is `d`: the word, never NULL. `since`: a bound value, now - kOnlineMs.
std::string health_sql(std::string_view since);
std::string compliance_sql();
// Necessary for "failing", and quick to answer by an index that has the id and the state.
std::string may_fail_sql();

}  // namespace stratus::db
