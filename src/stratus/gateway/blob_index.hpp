// What the cache holds, in memory: sizes and recency of whole blobs, bytes kept of broken-off transfers, room
// promised to running ones. Decides who goes; does not touch files. Belongs to the loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "stratus/base/clock.hpp"
#include "stratus/base/digest.hpp"

namespace stratus::gateway {

// Files to remove, decided already.
struct Removals {
  std::vector<Digest> blobs;
  std::vector<std::string> partials;
};

class BlobIndex {
 public:
  explicit BlobIndex(std::uint64_t limit) : limit_(limit) {}

  void add(const Digest& digest, std::uint64_t size, WallTime used);
  void remove(const Digest& digest);
  bool contains(const Digest& digest) const { return blobs_.contains(digest); }
  // Notes the use; answers whether the store should be told (about once a minute).
  bool use(const Digest& digest, WallTime now);

  void add_partial(const std::string& key, std::uint64_t size);
  void remove_partial(const std::string& key);

  void promise(std::uint64_t bytes) { promised_ += bytes; }
  void release(std::uint64_t bytes) { promised_ -= bytes; }

  // Frees `bytes` more than the limit leaves, and at least `disk_bytes`; nullopt when that cannot be had.
  // What it names is out of the index at once.
  std::optional<Removals> make_room(std::uint64_t bytes, std::uint64_t disk_bytes,
                                    const std::unordered_set<Digest>& pinned,
                                    const std::function<bool(const Digest&)>& in_use);

  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t partial_bytes() const { return partial_bytes_; }
  std::size_t count() const { return blobs_.size(); }
  std::uint64_t limit() const { return limit_; }

 private:
  struct Entry {
    std::uint64_t size = 0;
    WallTime used{};
    WallTime told{};
  };
  std::uint64_t limit_;
  std::unordered_map<Digest, Entry> blobs_;
  std::unordered_map<std::string, std::uint64_t> partials_;
  std::uint64_t bytes_ = 0;
  std::uint64_t partial_bytes_ = 0;
  std::uint64_t promised_ = 0;
};

}  // namespace stratus::gateway
