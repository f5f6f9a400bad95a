// Releases, targets, and what a device is told to run next. State in memory (read from the catalogue at
// start), every change durable before it counts. Runs on the loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>

#include "stratus/net/worker_pool.hpp"
#include "stratus/server/catalogue_writes.hpp"
#include "stratus/server/delta_queue.hpp"
#include "stratus/server/release_reader.hpp"

namespace stratus::server {

struct NextCounters {
  std::uint64_t up_to_date = 0;
  std::uint64_t release = 0;
  std::uint64_t unknown = 0;
  std::uint64_t cache_hits = 0;
};

class Releases {
 public:
  // All must outlive it.
  Releases(store::RepositoryStore& repositories, db::Catalogue& catalogue, net::WorkerPool& pool)
      : repositories_(repositories), catalogue_(catalogue), pool_(pool) {}
  void use_queue(DeltaQueue& queue) { queue_ = &queue; }

  // Blocks; once, before serving.
  Result<void> load();

  // Registers what was pushed. `conflict`: the version has another digest. `invalid`: devices could not run
  // it.
  net::Task<Result<void>> add(std::string name, std::string version, Digest digest);
  // Its image becomes garbage unless a tag holds it. `conflict`: it is the target. Deltas from it stay.
  net::Task<Result<void>> remove(std::string name, std::string version);
  net::Task<Result<void>> set_target(std::string name, std::string version);
  Result<db::Target> target(const std::string& name) const;  // `not_found`
  Result<Digest> find(const std::string& name, const std::string& version) const;
  bool is_released(const std::string& name, const Digest& digest) const;
  const std::map<std::string, db::Target>& targets() const { return targets_; }

  // The encoded wire::NextRelease; null when `have` is the target. `not_found`: no such name or no target.
  // Wants the delta from `have` made when there is none.
  net::Task<Result<std::shared_ptr<const std::string>>> next(std::string name, Digest have);
  // Something of this name changed: a manifest, a referrer, a delta that was made or given up.
  void invalidate(const std::string& name) { ++generations_[name]; }

  const NextCounters& counters() const { return counters_; }

 private:
  struct Cached {
    std::uint64_t generation = 0;
    std::shared_ptr<const std::string> answer;
  };
  static constexpr std::size_t kMaxCached = 2048;  // answers
  static constexpr std::size_t kMaxCachedBytes = 64u << 20;

  void remember(const std::string& key, std::uint64_t generation, std::shared_ptr<const std::string> answer);

  store::RepositoryStore& repositories_;
  db::Catalogue& catalogue_;
  net::WorkerPool& pool_;
  DeltaQueue* queue_ = nullptr;
  std::map<std::pair<std::string, std::string>, Digest> releases_;  // by name and version
  std::set<std::pair<std::string, Digest>> digests_;
  std::map<std::string, db::Target> targets_;
  std::unordered_map<std::string, std::uint64_t> generations_;
  std::unordered_map<std::string, Cached> cache_;  // by name and base
  std::size_t cached_bytes_ = 0;
  NextCounters counters_;
};

}  // namespace stratus::server
