// The deltas that are to be made: bounded, each once, on threads of their own. What a deployment waits for
// comes before what a device would like to have, and no device or name can fill the queue. Used on the loop's
// thread.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "stratus/base/clock.hpp"
#include "stratus/net/worker_pool.hpp"
#include "stratus/server/delta_maker.hpp"

namespace stratus::server {

struct DeltaCounters {
  std::uint64_t made = 0;
  std::uint64_t useless = 0;  // nothing smaller than the layers
  std::uint64_t failed = 0;
  std::uint64_t refused = 0;  // queue full or quota used up
  std::uint64_t dropped = 0;  // nobody wanted it any more when its turn came
  std::uint64_t recipe_bytes = 0;
};

struct DeltaQueueOptions {
  unsigned threads = 1;
  std::size_t limit = 256;  // jobs waiting and running; for devices half of it
  // Of jobs that devices wanted, waiting and running:
  std::size_t per_name = 32;
  std::size_t per_device = 2;
  // Asked before a device's job starts; false drops it (its target was replaced meanwhile).
  std::function<bool(const DeltaJob&)> is_wanted = [](const DeltaJob&) { return true; };
  const Clock* clock = &system_clock();
};

class DeltaQueue {
 public:
  enum class State : std::uint8_t { pending, failed, refused };
  struct Reply {
    State state = State::pending;
    SteadyTime retry_at{};  // when asking again may help, unless pending
  };

  // `finished` is called on the loop after each job, whatever came of it; not for what stop() drops. `make`
  // runs on the pool.
  DeltaQueue(net::Executor loop, DeltaQueueOptions options,
             std::function<Result<DeltaResult>(const DeltaJob&)> make,
             std::function<void(const DeltaJob&)> finished);
  ~DeltaQueue();

  // A device asked for it. What failed is tried again after a minute, then after ever longer, up to six
  // hours.
  Reply request(const DeltaJob& job, const std::string& device);
  // A deployment waits for it: tried even if it failed before, only the limit of all jobs refuses it.
  Reply request_now(const DeltaJob& job);
  // The deployment does not wait any more: the job, unless it runs, becomes one that a device wanted.
  void demote(const DeltaJob& job);

  bool is_pending(const DeltaJob& job) const { return pending_.contains(job); }
  std::size_t size() const { return pending_.size(); }
  const DeltaCounters& counters() const { return counters_; }
  // Drops what waits; what runs cannot be cancelled.
  void stop();
  bool is_running() const;

 private:
  struct Pending {
    std::string device;
    bool urgent = false;
    bool running = false;
  };
  struct Failure {
    unsigned times = 0;
    SteadyTime retry_at{};
  };

  Reply enqueue(const DeltaJob& job, bool urgent, const std::string& device);
  void count_device(const DeltaJob& job, const std::string& device, bool more);
  void erase(const DeltaJob& job);
  void start_next();
  void conclude(const DeltaJob& job, const Result<DeltaResult>& result);

  net::Executor loop_;
  DeltaQueueOptions options_;
  std::function<Result<DeltaResult>(const DeltaJob&)> make_;
  std::function<void(const DeltaJob&)> finished_;
  std::map<DeltaJob, Pending> pending_;
  std::deque<DeltaJob> urgent_, ordinary_;  // waiting, in their order
  std::size_t running_ = 0;
  std::size_t for_devices_ = 0;  // jobs that are not urgent, and whose they are
  std::map<std::string, std::size_t> per_name_, per_device_;
  std::map<DeltaJob, Failure> failed_;
  DeltaCounters counters_;
  struct Shared;
  std::shared_ptr<Shared> shared_;  // outlives the queue in jobs that are still to be dropped
  net::WorkerPool pool_;
};

}  // namespace stratus::server
