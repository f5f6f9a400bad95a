#include "stratus/server/login_throttle.hpp"

#include <algorithm>

namespace stratus::server {

std::optional<std::chrono::seconds> Throttle::refuse(const std::string& key, SteadyTime now) {
  auto found = tries_.find(key);
  if (found != tries_.end() && now - found->second.last > rule_.forgotten) {
    tries_.erase(found);
    found = tries_.end();
  }
  if (found == tries_.end()) {
    make_room(now);
    found = tries_.emplace(key, Tries()).first;
    found->second.next = now;
  }
  Tries& tries = found->second;
  if (now < tries.next) return std::chrono::ceil<std::chrono::seconds>(tries.next - now);
  ++tries.count;
  tries.last = now;
  if (tries.count >= rule_.free) {
    const unsigned doublings = std::min(tries.count - rule_.free, 20u);
    tries.next = now + std::min(rule_.longest, rule_.first * (1 << doublings));
  }
  return std::nullopt;
}

void Throttle::make_room(SteadyTime now) {
  if (tries_.size() < capacity_) return;
  std::erase_if(tries_, [&](const auto& entry) { return now - entry.second.last > rule_.forgotten; });
  if (tries_.size() < capacity_) return;
  const auto oldest = std::min_element(tries_.begin(), tries_.end(), [](const auto& a, const auto& b) {
    return a.second.last < b.second.last;
  });
  tries_.erase(oldest);
}

}  // namespace stratus::server
