// The clock port: pure code takes times as arguments or asks a Clock that its owner passes in, so that
// tests never sleep.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "stratus/base/result.hpp"

namespace stratus {

using Millis = std::chrono::milliseconds;
using WallTime = std::chrono::sys_time<Millis>;            // since 1970 UTC
using SteadyTime = std::chrono::steady_clock::time_point;  // for intervals

class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime wall() const = 0;
  virtual SteadyTime steady() const = 0;
};

// The operating system's clock. Thread-safe, lives for ever.
const Clock& system_clock();
// Milliseconds since 1970, by it.
std::uint64_t unix_ms();
// Milliseconds since some moment, for intervals.
Millis steady_ms();

// RFC 3339 with milliseconds in UTC: "2026-11-21T06:39:13.250Z".
std::string format_time(WallTime time);
std::string format_time_ms(std::int64_t ms);
// Reads RFC 3339, with Z or an offset, to the millisecond; years 1970 to 2999. `invalid` says what it is not.
Result<WallTime> parse_time(std::string_view text);

}  // namespace stratus
