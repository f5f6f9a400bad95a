// The clock port: pure code takes times as arguments or asks a Clock that its owner passes in, so that
// tests never sleep.
#pragma once

#include <chrono>
#include <string>

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

// RFC 3339 with milliseconds in UTC: "2026-11-21T06:39:13.250Z".
std::string format_time(WallTime time);

}  // namespace stratus
