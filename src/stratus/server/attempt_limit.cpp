#include "stratus/server/attempt_limit.hpp"

#include <algorithm>
#include <array>

#include <arpa/inet.h>

#include "stratus/base/bytes.hpp"

namespace stratus::server {

void AttemptLimit::forget_old(SteadyTime now) {
  while (!failures_.empty() &&
         (now - failures_.front().first >= limits_.window || failures_.size() > limits_.max_keys)) {
    const auto found = by_key_.find(failures_.front().second);
    if (found != by_key_.end()) {
      found->second.pop_front();
      if (found->second.empty()) by_key_.erase(found);
    }
    failures_.pop_front();
  }
}

Millis AttemptLimit::wait_for(std::string_view key, SteadyTime now) {
  forget_old(now);
  const auto until = [&](SteadyTime first) {
    return std::max(Millis(1), std::chrono::duration_cast<Millis>(first + limits_.window - now));
  };
  const auto found = by_key_.find(std::string(key));
  if (found != by_key_.end() && found->second.size() >= limits_.per_key) {
    return until(found->second[found->second.size() - limits_.per_key]);
  }
  if (failures_.size() >= limits_.overall) return until(failures_[failures_.size() - limits_.overall].first);
  return Millis(0);
}

void AttemptLimit::count(std::string_view key, SteadyTime now) {
  failures_.emplace_back(now, key);
  by_key_[std::string(key)].push_back(now);
  forget_old(now);
}

std::string attempt_key(std::string_view peer_address) {
  const std::size_t colon = peer_address.rfind(':');
  std::string host(peer_address.substr(0, colon));
  if (!host.starts_with('[')) return host;
  host = host.substr(1, host.find(']') - 1);
  std::array<std::uint8_t, 16> bytes{};
  if (::inet_pton(AF_INET6, host.c_str(), bytes.data()) != 1) return host;
  return to_hex(BytesView(bytes).first(8));
}

}  // namespace stratus::server
