// Brakes on guessing: failures counted per key and over all keys in a sliding window. Pure; one thread.
//
// Bounded: beyond `max_keys` the keys that failed longest ago are forgotten, which the bound over all keys
// makes harmless.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

#include "stratus/base/clock.hpp"

namespace stratus::server {

class AttemptLimit {
 public:
  struct Limits {
    std::size_t per_key = 10;  // within the window
    std::size_t overall = 100;
    Millis window{10 * 60'000};
    std::size_t max_keys = 10'000;
  };
  explicit AttemptLimit(const Limits& limits) : limits_(limits) {}

  // How long to wait before the next attempt; 0: now.
  Millis wait_for(std::string_view key, SteadyTime now);
  void count(std::string_view key, SteadyTime now);

 private:
  void forget_old(SteadyTime now);

  Limits limits_;
  std::deque<std::pair<SteadyTime, std::string>> failures_;  // oldest first
  std::unordered_map<std::string, std::deque<SteadyTime>> by_key_;
};

// The key of a peer's "address:port": the address, or the first 64 bits of one of IPv6.
std::string attempt_key(std::string_view peer_address);

}  // namespace stratus::server
