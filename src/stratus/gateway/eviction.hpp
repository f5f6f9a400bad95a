// Which blobs make room for others. Pure.
#pragma once

#include <cstdint>
#include <unordered_set>
#include <vector>

#include "stratus/base/clock.hpp"
#include "stratus/base/digest.hpp"

namespace stratus::gateway {

struct CachedBlob {
  Digest digest;
  std::uint64_t size = 0;
  WallTime last_used{};
  bool in_use = false;  // being read
};

struct Eviction {
  bool possible = false;        // enough can go
  std::vector<Digest> victims;  // least recently used first; none when not possible
};

// The blobs to remove so that `bytes` are freed: never what is in use or pinned, and none at all when that
// would not be enough (then the newcomer is not cached, and nobody loses anything for it).
Eviction choose_victims(const std::vector<CachedBlob>& blobs, const std::unordered_set<Digest>& pinned,
                        std::uint64_t bytes);

}  // namespace stratus::gateway
