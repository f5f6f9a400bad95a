// How often somebody may try to sign in: per user name and per address, each with a wait that doubles. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "stratus/base/clock.hpp"

namespace stratus::server {

struct ThrottleRule {
  unsigned free = 5;              // tries in a row that cost nothing
  std::chrono::seconds first{1};  // the wait after those; then it doubles
  std::chrono::seconds longest{60};
  std::chrono::seconds forgotten{15 * 60};  // without a try
};

class Throttle {
 public:
  // Beyond `capacity` keys the one that tried longest ago is forgotten.
  explicit Throttle(ThrottleRule rule, std::size_t capacity = 20'000) : rule_(rule), capacity_(capacity) {}

  // Counts a try of `key` before its outcome is known, so that tries at the same moment count too. Answers
  // how long to wait instead (and does not count) when it comes too early.
  std::optional<std::chrono::seconds> refuse(const std::string& key, SteadyTime now);
  void succeeded(const std::string& key) { tries_.erase(key); }
  std::size_t size() const { return tries_.size(); }

 private:
  struct Tries {
    unsigned count = 0;
    SteadyTime last;
    SteadyTime next;
  };
  void make_room(SteadyTime now);

  ThrottleRule rule_;
  std::size_t capacity_;
  std::unordered_map<std::string, Tries> tries_;
};

}  // namespace stratus::server
