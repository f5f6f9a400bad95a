#include "stratus/server/message_quota.hpp"

#include <algorithm>

namespace stratus::server {

bool MessageQuota::take(const std::string& sender, SteadyTime now) {
  if (buckets_.size() >= kMaxSenders && !buckets_.contains(sender)) {
    // Whoever has not spoken for long enough has a full bucket, which is what no entry means.
    const double idle = burst_ / rate_;
    std::erase_if(buckets_, [&](const auto& one) {
      return std::chrono::duration<double>(now - one.second.at).count() > idle;
    });
    if (buckets_.size() >= kMaxSenders) return false;
  }
  const auto [found, fresh] = buckets_.try_emplace(sender, Bucket{burst_, now});
  Bucket& bucket = found->second;
  const double passed = std::chrono::duration<double>(now - bucket.at).count();
  bucket.tokens = std::min(burst_, bucket.tokens + passed * rate_);
  bucket.at = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

bool OncePerMinute::allow(const std::string& key, SteadyTime now, std::uint64_t& kept_back) {
  if (said_.size() >= kMaxKeys && !said_.contains(key)) {
    std::erase_if(said_, [&](const auto& one) { return now - one.second.at > std::chrono::minutes(1); });
    if (said_.size() >= kMaxKeys) return false;
  }
  const auto [found, fresh] = said_.try_emplace(key, Said{now, 0});
  if (!fresh && now - found->second.at <= std::chrono::minutes(1)) {
    ++found->second.kept_back;
    return false;
  }
  kept_back = found->second.kept_back;
  found->second = Said{now, 0};
  return true;
}

}  // namespace stratus::server
