#include "stratus/gateway/eviction.hpp"

#include <algorithm>

namespace stratus::gateway {

Eviction choose_victims(const std::vector<CachedBlob>& blobs, const std::unordered_set<Digest>& pinned,
                        std::uint64_t bytes) {
  Eviction eviction;
  eviction.possible = bytes == 0;
  if (eviction.possible) return eviction;
  std::vector<const CachedBlob*> candidates;
  for (const CachedBlob& blob : blobs) {
    if (!blob.in_use && !pinned.contains(blob.digest)) candidates.push_back(&blob);
  }
  std::sort(candidates.begin(), candidates.end(), [](const CachedBlob* a, const CachedBlob* b) {
    return a->last_used != b->last_used ? a->last_used < b->last_used : a->digest < b->digest;
  });
  std::uint64_t freed = 0;
  for (const CachedBlob* const blob : candidates) {
    if (freed >= bytes) break;
    eviction.victims.push_back(blob->digest);
    freed += blob->size;
  }
  eviction.possible = freed >= bytes;
  if (!eviction.possible) eviction.victims.clear();
  return eviction;
}

}  // namespace stratus::gateway
