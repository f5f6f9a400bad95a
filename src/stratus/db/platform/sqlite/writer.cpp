#include "stratus/db/platform/sqlite/writer.hpp"

#include <vector>

#include <pthread.h>

namespace stratus::db {

Writer::Writer(std::unique_ptr<Connection> connection, std::size_t queue_limit)
    : connection_(std::move(connection)), queue_limit_(queue_limit), thread_([this] { run(); }) {
  ::pthread_setname_np(thread_.native_handle(), "db-writer");
}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Writer::submit(Work work, Done done) {
  {
    const std::lock_guard lock(mutex_);
    if (jobs_.size() < queue_limit_ && !stopping_) {
      jobs_.push_back({std::move(work), std::move(done)});
      wake_.notify_one();
      return;
    }
  }
  done(fail(ErrorCode::unavailable, "the database is busy: too many writes are waiting; try again later"));
}

void Writer::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    std::deque<Job> batch;
    batch.swap(jobs_);
    lock.unlock();
    commit(batch);
    batch.clear();
    lock.lock();
  }
}

void Writer::commit(std::deque<Job>& jobs) {
  std::vector<Result<void>> results;
  Result<void> transaction = connection_->script("BEGIN IMMEDIATE");
  if (transaction) {
    for (const Job& job : jobs) {
      Result<void> result = connection_->script("SAVEPOINT job");
      if (result) {
        result = job.work(*connection_);
        const auto ended = connection_->script(result ? "RELEASE job" : "ROLLBACK TO job; RELEASE job");
        if (!ended) result = ended;
      }
      results.push_back(std::move(result));
    }
    transaction = connection_->script("COMMIT");
    if (!transaction) (void)connection_->script("ROLLBACK");
  }
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    jobs[i].done(transaction ? std::move(results[i]) : transaction);
  }
}

}  // namespace stratus::db
