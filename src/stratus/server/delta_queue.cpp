#include "stratus/server/delta_queue.hpp"

#include <algorithm>
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

constexpr auto kFirstRetry = std::chrono::minutes(1);
constexpr auto kLastRetry = std::chrono::hours(6);
constexpr auto kWhenFull = std::chrono::seconds(5);
constexpr std::size_t kMaxRemembered = 10'000;

std::string describe(const DeltaJob& job) {
  return job.name + " " + job.base.short_hex() + " -> " + job.target.short_hex();
}

void take_out(std::deque<DeltaJob>& jobs, const DeltaJob& job) {
  if (const auto found = std::find(jobs.begin(), jobs.end(), job); found != jobs.end()) jobs.erase(found);
}

}  // namespace

DeltaQueue::DeltaQueue(net::Executor loop, DeltaQueueOptions options,
                       std::function<Result<DeltaResult>(const DeltaJob&)> make,
                       std::function<void(const DeltaJob&)> finished)
    : loop_(std::move(loop)),
      options_(std::move(options)),
      make_(std::move(make)),
      finished_(std::move(finished)),
      shared_(std::make_shared<Shared>()),
      pool_("delta", options_.threads) {
  shared_->queue = this;
}

DeltaQueue::~DeltaQueue() {
  stop();
  pool_.join();
  shared_->queue = nullptr;
}

// What was dropped stays pending: whoever waits for it must not take it for done.
void DeltaQueue::stop() {
  shared_->stopping = true;
  urgent_.clear();
  ordinary_.clear();
}

bool DeltaQueue::is_running() const { return shared_->running > 0; }

DeltaQueue::Reply DeltaQueue::request(const DeltaJob& job, const std::string& device) {
  if (pending_.contains(job)) return {};
  const SteadyTime now = options_.clock->steady();
  const auto failed = failed_.find(job);
  if (failed != failed_.end() && now < failed->second.retry_at)
    return {State::failed, failed->second.retry_at};
  const auto used = [](const auto& counts, const std::string& key) {
    const auto found = counts.find(key);
    return found == counts.end() ? 0 : found->second;
  };
  const bool full = for_devices_ >= std::max<std::size_t>(1, options_.limit / 2) ||
                    used(per_name_, job.name) >= options_.per_name ||
                    used(per_device_, device) >= options_.per_device;
  if (full) {
    ++counters_.refused;
    return {State::refused, now + kWhenFull};
  }
  return enqueue(job, false, device);
}

DeltaQueue::Reply DeltaQueue::request_now(const DeltaJob& job) {
  const auto found = pending_.find(job);
  if (found == pending_.end()) return enqueue(job, true, "");
  if (!found->second.urgent) {
    count_device(job, found->second.device, false);
    found->second.urgent = true;
    found->second.device.clear();
    if (!found->second.running) {
      take_out(ordinary_, job);
      urgent_.push_back(job);
    }
  }
  return {};
}

void DeltaQueue::demote(const DeltaJob& job) {
  const auto found = pending_.find(job);
  if (found == pending_.end() || found->second.running || !found->second.urgent) return;
  found->second.urgent = false;
  count_device(job, found->second.device, true);
  take_out(urgent_, job);
  ordinary_.push_back(job);
}

DeltaQueue::Reply DeltaQueue::enqueue(const DeltaJob& job, bool urgent, const std::string& device) {
  if (pending_.size() >= options_.limit || shared_->stopping) {
    ++counters_.refused;
    return {State::refused, options_.clock->steady() + kWhenFull};
  }
  pending_[job] = {device, urgent, false};
  if (!urgent) count_device(job, device, true);
  (urgent ? urgent_ : ordinary_).push_back(job);
  start_next();
  return {};
}

void DeltaQueue::count_device(const DeltaJob& job, const std::string& device, bool more) {
  const auto change = [&](std::map<std::string, std::size_t>& counts, const std::string& key) {
    std::size_t& count = counts[key];
    count = more ? count + 1 : count - 1;
    if (count == 0) counts.erase(key);
  };
  change(per_name_, job.name);
  change(per_device_, device);
  for_devices_ = more ? for_devices_ + 1 : for_devices_ - 1;
}

void DeltaQueue::erase(const DeltaJob& job) {
  const auto found = pending_.find(job);
  if (found == pending_.end()) return;
  if (!found->second.urgent) count_device(job, found->second.device, false);
  pending_.erase(found);
}

void DeltaQueue::start_next() {
  while (running_ < options_.threads && !(urgent_.empty() && ordinary_.empty())) {
    std::deque<DeltaJob>& from = urgent_.empty() ? ordinary_ : urgent_;
    const DeltaJob job = std::move(from.front());
    from.pop_front();
    Pending& pending = pending_.at(job);
    if (!pending.urgent && !options_.is_wanted(job)) {
      ++counters_.dropped;
      log::debug("delta", "{}: not wanted any more", describe(job));
      erase(job);
      continue;
    }
    pending.running = true;
    ++running_;
    pool_.post([shared = shared_, loop = loop_, make = make_, job] {
      Result<DeltaResult> result = fail(ErrorCode::cancelled, "the server is stopping");
      ++shared->running;
      if (!shared->stopping) result = net::call_guarded([&] { return make(job); });
      --shared->running;
      boost::asio::post(loop, [shared, job, result = std::move(result)] {
        if (shared->queue != nullptr) shared->queue->conclude(job, result);
      });
    });
  }
}

void DeltaQueue::conclude(const DeltaJob& job, const Result<DeltaResult>& result) {
  erase(job);
  --running_;
  const std::string what = describe(job);
  if (result) failed_.erase(job);
  if (!result && result.error().code() == ErrorCode::cancelled) {
    log::debug("delta", "{}: {}", what, result.error().text());
  } else if (!result) {
    ++counters_.failed;
    if (failed_.size() >= kMaxRemembered) failed_.clear();
    Failure& failure = failed_[job];
    const auto wait =
        std::min<std::chrono::seconds>(kLastRetry, kFirstRetry * (1u << std::min(failure.times, 10u)));
    ++failure.times;
    failure.retry_at = options_.clock->steady() + wait;
    log::warning("delta", "{}: {}; tried again in {} min at the earliest", what, result.error().text(),
                 std::chrono::duration_cast<std::chrono::minutes>(wait).count());
  } else if (result->recipes == 0 && !result->was_there) {
    ++counters_.useless;
    log::info("delta", "{}: nothing smaller than the layers", what);
  } else if (!result->was_there) {
    ++counters_.made;
    counters_.recipe_bytes += result->bytes;
    log::info("delta", "{}: {} recipes, {} bytes", what, result->recipes, result->bytes);
  }
  start_next();
  finished_(job);
}

}  // namespace stratus::server
