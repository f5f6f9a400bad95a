#include "stratus/server/deployments.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "stratus/base/log.hpp"
#include "stratus/base/random.hpp"

namespace stratus::server {

namespace {
constexpr std::int64_t kMaxBases = 64;  // of one deployment; the versions that most devices run come first
}

net::Task<Result<void>> Deployments::save(const db::Operation& operation) {
  std::function<void(db::Catalogue::Done)> write = [&](db::Catalogue::Done done) {
    catalogue_.put_operation(operation, std::move(done));
  };
  co_return co_await await_write(write);
}

net::Task<Result<db::Operation>> Deployments::start(std::string name, std::string version) {
  const auto digest = releases_.find(name, version);
  if (!digest) co_return fail(digest.error());
  db::Operation operation;
  operation.id = random_hex(16);
  operation.kind = "deploy";
  operation.name = name;
  operation.version = version;
  operation.state = "running";
  operation.created_ms = now_ms();
  auto saved = co_await save(operation);
  if (!saved) co_return forward_error(std::move(saved));
  // The order of the acknowledgements is the order that counts.
  const std::uint64_t turn = ++turns_;
  newest_[name] = {turn, version};
  progress_.notify_all();
  tasks_.spawn(run(operation, *digest, turn));
  co_return operation;
}

net::Task<void> Deployments::stop() { co_await tasks_.stop(); }

net::Task<void> Deployments::run(db::Operation operation, Digest target, std::uint64_t turn) {
  co_await deploy(operation, target, turn);
  operation.finished_ms = now_ms();
  auto saved = co_await save(operation);
  if (!saved) log::error("deploy", "operation {}: {}", operation.id, saved.error().text());
  log::info("deploy", "{}:{} {}: {}", operation.name, operation.version, operation.state, operation.detail);
}

net::Task<std::vector<DeltaJob>> Deployments::choose_jobs(const db::Operation& operation,
                                                          const Digest& target) {
  co_await sightings_.flush();
  auto ask = [&] { return catalogue_.running_images(operation.name, kMaxBases); };
  auto running = co_await pool_.run(ask);
  std::set<Digest> bases;
  if (running) {
    for (const std::string& text : *running) {
      if (const auto digest = Digest::parse(text)) bases.insert(*digest);
    }
  }
  if (const auto previous = releases_.target(operation.name)) {
    if (const auto digest = Digest::parse(previous->digest)) bases.insert(*digest);
  }
  bases.erase(target);
  // What devices say they run is not taken on trust: a base must be an image of ours.
  std::erase_if(bases, [&](const Digest& base) { return !releases_.is_released(operation.name, base); });
  std::vector<DeltaJob> jobs;
  for (const Digest& base : bases) jobs.push_back({operation.name, base, target});
  co_return jobs;
}

net::Task<void> Deployments::deploy(db::Operation& operation, const Digest& target, std::uint64_t turn) {
  const auto is_newest = [&] { return newest_[operation.name].number == turn; };
  const std::vector<DeltaJob> jobs = co_await choose_jobs(operation, target);
  operation.total = static_cast<std::int64_t>(jobs.size());
  (void)co_await save(operation);
  if (is_newest()) {
    for (const DeltaJob& job : jobs) (void)queue_.request_now(job);
  }

  const SteadyTime deadline = system_clock().steady() + wait_;
  while (is_newest()) {
    const auto waiting =
        std::count_if(jobs.begin(), jobs.end(), [&](const DeltaJob& job) { return queue_.is_pending(job); });
    const std::int64_t done = operation.total - waiting;
    if (done != operation.done) {
      operation.done = done;
      (void)co_await save(operation);
      continue;  // another may have ended meanwhile
    }
    const auto left = std::chrono::ceil<Millis>(deadline - system_clock().steady());
    if (waiting == 0 || left <= Millis(0)) break;
    (void)co_await progress_.wait_for(left);
  }
  if (!is_newest()) {
    for (const DeltaJob& job : jobs) queue_.demote(job);
    operation.state = "superseded";
    operation.detail = fmt::format("{}:{} was deployed meanwhile; devices were not told of this version",
                                   operation.name, newest_[operation.name].version);
    co_return;
  }
  auto flipped = co_await releases_.set_target(operation.name, operation.version);
  operation.state = flipped ? "done" : "failed";
  if (!flipped) {
    operation.detail = flipped.error().text();
  } else if (operation.done < operation.total) {
    operation.detail = fmt::format("deployed before {} of {} deltas were ready; they follow",
                                   operation.total - operation.done, operation.total);
  } else if (operation.total == 0) {
    operation.detail = "deployed; there was no older version to make a delta from";
  } else {
    operation.detail = fmt::format("deployed; considered deltas from {} older version{}", operation.total,
                                   operation.total == 1 ? "" : "s");
  }
}

}  // namespace stratus::server
