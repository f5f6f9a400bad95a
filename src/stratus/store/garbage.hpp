// Garbage collection: removes what no tag, no release and no running transfer needs. Mark and sweep beside
// pushes and pulls; an interrupted collection leaves nothing but less garbage.
//
// Needed is: every tagged manifest and the given roots; what an index lists; what refers to a needed manifest
// (signatures, deltas); their configurations and layers; what somebody is reading; and whatever was pushed,
// asked for by HEAD or read (to the end of the transfer) within the grace time or since the collection began.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "stratus/store/repository_store.hpp"

namespace stratus::store {

struct GarbageRoot {
  std::string name;
  Digest manifest;
};

struct GarbageOptions {
  Millis grace = std::chrono::hours(1);          // must outlast a push from its first blob to its manifest
  Millis upload_grace = std::chrono::hours(24);  // for uploads that nobody continues
  bool dry_run = false;
  std::function<void()> after_mark;  // tests put concurrent pushes here
};

struct GarbageReport {
  std::uint64_t manifests = 0;
  std::uint64_t blobs = 0;  // manifests' bodies included
  std::uint64_t bytes = 0;
  std::uint64_t uploads = 0;
};

// `roots` is asked after the collection has begun to watch pushes, so that a release registered meanwhile is
// either among them or protected by touch_tree. `conflict`: a collection is running.
Result<GarbageReport> collect_garbage(RepositoryStore& repositories,
                                      const std::function<Result<std::vector<GarbageRoot>>()>& roots,
                                      const GarbageOptions& options);

}  // namespace stratus::store
