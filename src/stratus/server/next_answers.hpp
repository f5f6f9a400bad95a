// The answers to "what is next for me?", each put together once: many devices ask the same question, and
// whoever asks may name any base. Bounded by what is registered, not by what is asked. Runs on the loop.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "stratus/base/clock.hpp"
#include "stratus/net/loop.hpp"
#include "stratus/net/worker_pool.hpp"
#include "stratus/server/delta_queue.hpp"
#include "stratus/server/release_reader.hpp"

namespace stratus::server {

class NextAnswers {
 public:
  // All must outlive it. `read` is release_reader's read_next; it runs on the pool.
  using Read = std::function<Result<NextAnswer>(const NextQuestion&)>;
  NextAnswers(net::Executor loop, net::WorkerPool& pool, Read read, const Clock& clock = system_clock())
      : loop_(std::move(loop)), pool_(pool), read_(std::move(read)), clock_(clock) {}
  void use_queue(DeltaQueue& queue) { queue_ = &queue; }

  // The encoded wire::NextRelease. `known_base`: the question's base is a registered release of the name.
  // Only for such a base a delta is wanted, in the name of `device`; another base gets the delta if there is
  // one.
  net::Task<Result<std::shared_ptr<const std::string>>> answer(NextQuestion question, bool known_base,
                                                               std::string device);
  // Something of this name changed: a manifest, a referrer, a delta that was made or given up.
  void invalidate(const std::string& name) { ++generations_[name]; }

  std::uint64_t cache_hits() const { return cache_hits_; }
  std::uint64_t reads() const { return reads_; }

 private:
  struct Entry {
    std::uint64_t generation = 0;
    SteadyTime expires = SteadyTime::max();
    std::shared_ptr<const std::string> text;
    std::vector<Digest> delta_bases;
  };
  using Found = Result<std::shared_ptr<const Entry>>;
  struct Flight;
  static constexpr std::size_t kMaxCached = 2048;  // answers
  static constexpr std::size_t kMaxCachedBytes = 64u << 20;

  net::Task<Found> look_up(NextQuestion question, bool known_base, std::string device);
  void remember(const std::string& key, std::shared_ptr<const Entry> entry);

  net::Executor loop_;
  net::WorkerPool& pool_;
  Read read_;
  const Clock& clock_;
  DeltaQueue* queue_ = nullptr;
  std::unordered_map<std::string, std::uint64_t> generations_;
  std::unordered_map<std::string, std::shared_ptr<const Entry>> cache_;  // by name, base, target
  std::unordered_map<std::string, std::shared_ptr<Flight>> flights_;     // being read now
  std::size_t cached_bytes_ = 0;
  std::uint64_t cache_hits_ = 0, reads_ = 0;
};

}  // namespace stratus::server
