// The deltas that are to be made: bounded, each once, on threads of their own. Used on the loop's thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>

#include "stratus/base/clock.hpp"
#include "stratus/net/worker_pool.hpp"
#include "stratus/server/delta_maker.hpp"

namespace stratus::server {

struct DeltaCounters {
  std::uint64_t made = 0;
  std::uint64_t useless = 0;  // nothing smaller than the layers
  std::uint64_t failed = 0;
  std::uint64_t refused = 0;  // queue full
  std::uint64_t recipe_bytes = 0;
};

class DeltaQueue {
 public:
  enum class State : std::uint8_t { pending, failed, refused };

  // `finished` is called on the loop after each job, whatever came of it. `make` runs on the pool.
  DeltaQueue(net::Executor loop, unsigned threads, std::size_t limit,
             std::function<Result<DeltaResult>(const DeltaJob&)> make,
             std::function<void(const DeltaJob&)> finished);
  ~DeltaQueue();

  // Does nothing when it is queued already. A job that failed is tried again after ten minutes.
  State request(const DeltaJob& job);
  bool is_pending(const DeltaJob& job) const { return pending_.contains(job); }
  std::size_t size() const { return pending_.size(); }
  const DeltaCounters& counters() const { return counters_; }
  // Drops what waits; what runs cannot be cancelled.
  void stop();
  bool is_running() const;

 private:
  void conclude(const DeltaJob& job, const Result<DeltaResult>& result);

  net::Executor loop_;
  std::size_t limit_;
  std::function<Result<DeltaResult>(const DeltaJob&)> make_;
  std::function<void(const DeltaJob&)> finished_;
  std::set<DeltaJob> pending_;
  std::map<DeltaJob, SteadyTime> failed_;
  DeltaCounters counters_;
  struct Shared;
  std::shared_ptr<Shared> shared_;  // outlives the queue in jobs that are still to be dropped
  net::WorkerPool pool_;
};

}  // namespace stratus::server
