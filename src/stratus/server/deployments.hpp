// Deploying (ADR 3): first the deltas from what the fleet runs, then the target. An operation to poll. Of
// several deployments of a name the newest request wins: an older one that still waits ends as "superseded".
#pragma once

#include <map>
#include <string>
#include <vector>

#include "stratus/net/loop.hpp"
#include "stratus/server/releases.hpp"
#include "stratus/server/sightings.hpp"

namespace stratus::server {

class Deployments {
 public:
  // All must outlive it.
  Deployments(net::Executor loop, Releases& releases, DeltaQueue& queue, db::Catalogue& catalogue,
              net::WorkerPool& pool, Sightings& sightings, std::chrono::milliseconds wait)
      : loop_(loop),
        releases_(releases),
        queue_(queue),
        catalogue_(catalogue),
        pool_(pool),
        sightings_(sightings),
        wait_(wait),
        progress_(loop),
        tasks_(loop) {}

  // The operation that was started, durable. `not_found`: no such release.
  net::Task<Result<db::Operation>> start(std::string name, std::string version);
  // A delta was finished.
  void delta_finished() { progress_.notify_all(); }
  net::Task<void> stop();

 private:
  struct Turn {
    std::uint64_t number = 0;
    std::string version;
  };

  net::Task<void> run(db::Operation operation, Digest target, std::uint64_t turn);
  net::Task<void> deploy(db::Operation& operation, const Digest& target, std::uint64_t turn);
  net::Task<std::vector<DeltaJob>> choose_jobs(const db::Operation& operation, const Digest& target);
  net::Task<Result<void>> save(const db::Operation& operation);

  net::Executor loop_;
  Releases& releases_;
  DeltaQueue& queue_;
  db::Catalogue& catalogue_;
  net::WorkerPool& pool_;
  Sightings& sightings_;
  std::chrono::milliseconds wait_;
  std::uint64_t turns_ = 0;
  std::map<std::string, Turn> newest_;  // by name
  net::Notifier progress_;
  net::TaskGroup tasks_;
};

}  // namespace stratus::server
