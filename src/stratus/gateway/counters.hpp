// What the gateway counts, and how it looks at /metrics. One thread: the loop's.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>

#include "stratus/base/digest.hpp"
#include "stratus/base/metrics.hpp"

namespace stratus::gateway {

struct BlobBytes {
  std::uint64_t upstream = 0;
  std::uint64_t downstream = 0;
};

// Bytes per blob for the blobs used last; what leaves the list is added up under "other", so that the number
// of label values is bounded and the sum stays true.
class BlobTraffic {
 public:
  explicit BlobTraffic(std::size_t limit) : limit_(limit) {}
  void received(const Digest& blob, std::uint64_t bytes) { find(blob).upstream += bytes; }
  void sent(const Digest& blob, std::uint64_t bytes) { find(blob).downstream += bytes; }
  void write(Metrics& metrics) const;
  BlobBytes total() const;

 private:
  struct Entry {
    Digest digest;
    BlobBytes bytes;
  };
  BlobBytes& find(const Digest& blob);

  std::size_t limit_;
  std::list<Entry> recent_;  // newest first
  std::unordered_map<Digest, std::list<Entry>::iterator> index_;
  BlobBytes other_;
};

struct Counters {
  BlobTraffic blobs{100};
  std::uint64_t downstream_bytes = 0;  // heads and bodies of every answer
  std::uint64_t hits = 0;              // blobs answered from the disk
  std::uint64_t joined = 0;            // blobs answered from a transfer that was running
  std::uint64_t misses = 0;            // blobs that started a transfer
  std::uint64_t passed = 0;            // blobs passed through without caching
  std::uint64_t transfers = 0;         // upstream requests for blobs, resumptions included
  std::uint64_t resumed = 0;           // of these, ones that went on where another had ended
  std::uint64_t corrupt = 0;           // blobs whose bytes were not those of their digest
  std::uint64_t disk_full = 0;         // transfers that could not be stored
  std::uint64_t evictions = 0;
  std::uint64_t answer_hits = 0;  // next answers, tags and the like from memory
  std::uint64_t answer_misses = 0;
  std::uint64_t answer_stale = 0;  // … given because the upstream was away
  std::uint64_t queued = 0;        // reports and data taken
  std::uint64_t queue_refused = 0;
  std::uint64_t delivered = 0;
  std::uint64_t rejected = 0;  // the upstream will never take them; set aside
  std::uint64_t damaged = 0;   // places in the queue's files that could not be read
};

void write_counters(const Counters& counters, Metrics& metrics);

}  // namespace stratus::gateway
