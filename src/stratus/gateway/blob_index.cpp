#include "stratus/gateway/blob_index.hpp"

#include <algorithm>

#include "stratus/gateway/eviction.hpp"

namespace stratus::gateway {

void BlobIndex::add(const Digest& digest, std::uint64_t size, WallTime used) {
  remove(digest);
  blobs_[digest] = Entry{size, used, used};
  bytes_ += size;
}

void BlobIndex::remove(const Digest& digest) {
  const auto found = blobs_.find(digest);
  if (found == blobs_.end()) return;
  bytes_ -= found->second.size;
  blobs_.erase(found);
}

bool BlobIndex::use(const Digest& digest, WallTime now) {
  const auto found = blobs_.find(digest);
  if (found == blobs_.end()) return false;
  found->second.used = now;
  if (now - found->second.told < std::chrono::minutes(1)) return false;
  found->second.told = now;
  return true;
}

void BlobIndex::add_partial(const std::string& key, std::uint64_t size) {
  remove_partial(key);
  partials_[key] = size;
  partial_bytes_ += size;
}

void BlobIndex::remove_partial(const std::string& key) {
  const auto found = partials_.find(key);
  if (found == partials_.end()) return;
  partial_bytes_ -= found->second;
  partials_.erase(found);
}

std::optional<Removals> BlobIndex::make_room(std::uint64_t bytes, std::uint64_t disk_bytes,
                                             const std::unordered_set<Digest>& pinned,
                                             const std::function<bool(const Digest&)>& in_use) {
  Removals removals;
  const std::uint64_t used = bytes_ + partial_bytes_ + promised_;
  std::uint64_t missing = used + bytes > limit_ ? used + bytes - limit_ : 0;
  missing = std::max(missing, disk_bytes);
  if (missing == 0) return removals;
  std::vector<CachedBlob> blobs;
  blobs.reserve(blobs_.size());
  for (const auto& [digest, entry] : blobs_)
    blobs.push_back({digest, entry.size, entry.used, in_use(digest)});
  // What broke off and nobody has asked for since goes first.
  const std::uint64_t from_blobs = missing > partial_bytes_ ? missing - partial_bytes_ : 0;
  Eviction eviction = choose_victims(blobs, pinned, from_blobs);
  if (!eviction.possible) return std::nullopt;
  for (const auto& [key, size] : partials_) removals.partials.push_back(key);
  partials_.clear();
  partial_bytes_ = 0;
  for (const Digest& victim : eviction.victims) remove(victim);
  removals.blobs = std::move(eviction.victims);
  return removals;
}

}  // namespace stratus::gateway
