// Releases, targets, and what a device is told to run next. State in memory (read from the catalogue at
// start), every change durable before it counts. Runs on the loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "stratus/net/worker_pool.hpp"
#include "stratus/rollout/plan.hpp"
#include "stratus/server/catalogue_writes.hpp"
#include "stratus/server/next_answers.hpp"
#include "stratus/server/release_guard.hpp"

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
  Releases(net::Executor loop, store::RepositoryStore& repositories, db::Catalogue& catalogue,
           net::WorkerPool& pool)
      : repositories_(repositories),
        catalogue_(catalogue),
        pool_(pool),
        guard_(repositories),
        answers_(std::move(loop), pool, [&repositories](const NextQuestion& question) {
          return read_next(repositories, question);
        }) {}
  void use_queue(DeltaQueue& queue) { answers_.use_queue(queue); }
  // Called on the loop after the target of a name changed, durably.
  void on_target(std::function<void(const std::string& name)> hook) { on_target_ = std::move(hook); }

  // Blocks; once, before serving.
  Result<void> load();

  // Registers what was pushed. `conflict`: the version has another digest. `invalid`: devices could not run
  // it.
  net::Task<Result<void>> add(std::string name, std::string version, Digest digest);
  // Its image becomes garbage unless a tag holds it. `conflict`: it is the target, or becomes it just now.
  // Deltas from it stay.
  net::Task<Result<void>> remove(std::string name, std::string version);
  // `conflict`: the version is being removed just now.
  net::Task<Result<void>> set_target(std::string name, std::string version);
  Result<db::Target> target(const std::string& name) const;  // `not_found`
  Result<Digest> find(const std::string& name, const std::string& version) const;
  bool is_released(const std::string& name, const Digest& digest) const;
  const std::map<std::string, db::Target>& targets() const { return targets_; }

  // The encoded wire::NextRelease; null when `have` is the target. `not_found`: no such name or no target.
  // Wants the delta from `have` made when there is none and `have` is a release; in the name of `device`.
  net::Task<Result<std::shared_ptr<const std::string>>> next(std::string name, Digest have,
                                                             std::string device);
  // The same with `version` in the place of the target, for a device that a rollout brings it to. Null when
  // `have` is it.
  net::Task<Result<std::shared_ptr<const std::string>>> next_version(std::string name, std::string version,
                                                                     Digest digest, Digest have,
                                                                     std::string device);
  // What the release demands of a device: its architecture, and the hardware named by the manifest's
  // annotation "vnd.stratus.compatible" (words separated by commas).
  net::Task<Result<rollout::Requirement>> requirement(std::string name, Digest digest);
  // Asked before a version is removed; true: something still needs it.
  void use_needs(std::function<bool(const std::string& name, const Digest& digest)> needs) {
    needs_ = std::move(needs);
  }
  // Something of this name changed: a manifest, a referrer, a delta that was made or given up.
  void invalidate(const std::string& name) { answers_.invalidate(name); }

  NextCounters counters() const;
  ReleaseGuard& guard() { return guard_; }

 private:
  using Version = std::pair<std::string, std::string>;  // name and version

  store::RepositoryStore& repositories_;
  db::Catalogue& catalogue_;
  net::WorkerPool& pool_;
  ReleaseGuard guard_;
  NextAnswers answers_;
  std::function<bool(const std::string&, const Digest&)> needs_;
  std::map<Version, Digest> releases_;
  std::set<std::pair<std::string, Digest>> digests_;
  std::map<std::string, db::Target> targets_;
  // While the catalogue writes: of removing a version and making it the target only one happens.
  std::multiset<Version> removing_, becoming_target_;
  std::function<void(const std::string&)> on_target_;
  NextCounters counters_;
};

}  // namespace stratus::server
