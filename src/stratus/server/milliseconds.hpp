// Times and durations as the database and the interface have them: whole milliseconds, since 1970 UTC.
#pragma once

#include <chrono>
#include <cstdint>

#include "stratus/base/clock.hpp"

namespace stratus::server {

inline std::int64_t to_ms(WallTime time) { return time.time_since_epoch().count(); }
inline std::int64_t to_ms(std::chrono::seconds duration) { return Millis(duration).count(); }

}  // namespace stratus::server
