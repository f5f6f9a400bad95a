// How much one device may say, and how often we complain about it. Pure; bounded memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "stratus/base/clock.hpp"

namespace stratus::server {

// A bucket of tokens for each sender: `burst` at once, `rate` per second.
class MessageQuota {
 public:
  MessageQuota(double rate, double burst) : rate_(rate), burst_(burst) {}
  bool take(const std::string& sender, SteadyTime now);

 private:
  static constexpr std::size_t kMaxSenders = 300'000;
  struct Bucket {
    double tokens = 0;
    SteadyTime at;
  };
  double rate_;
  double burst_;
  std::unordered_map<std::string, Bucket> buckets_;
};

class OncePerMinute {
 public:
  // True when nothing was said about `key` for a minute; `kept_back` tells how often it was false since.
  bool allow(const std::string& key, SteadyTime now, std::uint64_t& kept_back);

 private:
  static constexpr std::size_t kMaxKeys = 10'000;
  struct Said {
    SteadyTime at;
    std::uint64_t kept_back = 0;
  };
  std::unordered_map<std::string, Said> said_;
};

}  // namespace stratus::server
