// A version that was committed and then ends again and again: when to give it up for the one before. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>

namespace stratus::update {

struct CrashRules {
  unsigned exits = 6;                         // quick ends of its own that are too many; 0: never go back
  std::chrono::milliseconds window{600'000};  // … within this time
  std::chrono::milliseconds quick{30'000};    // an end so soon after the start is a quick one
};

class CrashCounter {
 public:
  // The service ended by itself at `now`, after it had run for `ran`. True: too often by now; the counting
  // begins again. A run that was not quick forgives what was before it.
  bool ended(const CrashRules& rules, std::chrono::milliseconds ran, std::chrono::milliseconds now);
  // Another version runs.
  void reset() { ends_.clear(); }
  std::size_t count() const { return ends_.size(); }

 private:
  std::deque<std::chrono::milliseconds> ends_;  // of quick ends in a row, within the window
};

}  // namespace stratus::update
