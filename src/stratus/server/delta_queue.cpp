#include "stratus/server/delta_queue.hpp"

#include <atomic>

#include <boost/asio/post.hpp>

#include "stratus/base/log.hpp"

namespace stratus::server {

struct DeltaQueue::Shared {
  std::atomic<bool> stopping{false};
  std::atomic<unsigned> running{0};
  DeltaQueue* queue;  // of the loop's thread; null once the queue is gone
};

namespace {
constexpr auto kRetry = std::chrono::minutes(10);
constexpr std::size_t kMaxRemembered = 10'000;
}  // namespace

DeltaQueue::DeltaQueue(net::Executor loop, unsigned threads, std::size_t limit,
                       std::function<Result<DeltaResult>(const DeltaJob&)> make,
                       std::function<void(const DeltaJob&)> finished)
    : loop_(std::move(loop)),
      limit_(limit),
      make_(std::move(make)),
      finished_(std::move(finished)),
      shared_(std::make_shared<Shared>()),
      pool_("delta", threads) {
  shared_->queue = this;
}

DeltaQueue::~DeltaQueue() {
  stop();
  pool_.join();
  shared_->queue = nullptr;
}

void DeltaQueue::stop() { shared_->stopping = true; }
bool DeltaQueue::is_running() const { return shared_->running > 0; }

DeltaQueue::State DeltaQueue::request(const DeltaJob& job) {
  if (pending_.contains(job)) return State::pending;
  const SteadyTime now = system_clock().steady();
  if (const auto found = failed_.find(job); found != failed_.end()) {
    if (now - found->second < kRetry) return State::failed;
    failed_.erase(found);
  }
  if (pending_.size() >= limit_ || shared_->stopping) {
    ++counters_.refused;
    return State::refused;
  }
  pending_.insert(job);
  pool_.post([shared = shared_, loop = loop_, make = make_, job] {
    Result<DeltaResult> result = fail(ErrorCode::cancelled, "the server is stopping");
    ++shared->running;
    if (!shared->stopping) result = net::call_guarded([&] { return make(job); });
    --shared->running;
    boost::asio::post(loop, [shared, job, result = std::move(result)] {
      if (shared->queue != nullptr) shared->queue->conclude(job, result);
    });
  });
  return State::pending;
}

void DeltaQueue::conclude(const DeltaJob& job, const Result<DeltaResult>& result) {
  pending_.erase(job);
  const std::string what = job.name + " " + job.base.short_hex() + " -> " + job.target.short_hex();
  if (!result && result.error().code() == ErrorCode::cancelled) {
    log::debug("delta", "{}: {}", what, result.error().text());
  } else if (!result) {
    ++counters_.failed;
    if (failed_.size() >= kMaxRemembered) failed_.clear();
    failed_[job] = system_clock().steady();
    log::warning("delta", "{}: {}", what, result.error().text());
  } else if (result->recipes == 0 && !result->was_there) {
    ++counters_.useless;
    log::info("delta", "{}: nothing smaller than the layers", what);
  } else if (!result->was_there) {
    ++counters_.made;
    counters_.recipe_bytes += result->bytes;
    log::info("delta", "{}: {} recipes, {} bytes", what, result->recipes, result->bytes);
  }
  finished_(job);
}

}  // namespace stratus::server
