#include "stratus/db/writer.hpp"

#include <vector>

#include <pthread.h>

#include "stratus/base/log.hpp"

namespace stratus::db {
namespace {

constexpr std::size_t kMaxBatch = 5'000;            // jobs of one commit
constexpr std::chrono::milliseconds kProbe{1'000};  // while something is wrong
constexpr std::chrono::milliseconds kIdle{10'000};  // how soon a connection that died unused is noticed

}  // namespace

Writer::Writer(std::unique_ptr<Connection> first, Connect connect, std::size_t queue_limit)
    : connection_(std::move(first)),
      connect_(std::move(connect)),
      queue_limit_(queue_limit),
      thread_([this] { run(); }) {
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

void Writer::submit(Database::Work work, Database::Done done) {
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

DatabaseState Writer::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

void Writer::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto pause = state_.ok ? kIdle : kProbe;
    wake_.wait_for(lock, pause, [this] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty() && stopping_) return;
    std::deque<Job> batch;
    while (!jobs_.empty() && batch.size() < kMaxBatch) {
      batch.push_back(std::move(jobs_.front()));
      jobs_.pop_front();
    }
    lock.unlock();
    if (batch.empty()) {
      probe();
    } else {
      commit(batch);
      batch.clear();  // what the jobs hold ends here, not under the lock
    }
    lock.lock();
  }
}

// A connection that died while nobody used it is found here, before any work ran, so trying again is safe.
Result<void> Writer::begin() {
  const auto start = [this] {
    return connection_->script(connection_->engine() == Engine::sqlite ? "BEGIN IMMEDIATE" : "BEGIN");
  };
  if (connection_ && !connection_->is_lost()) {
    auto begun = start();
    if (begun || !connection_->is_lost()) return begun;
  }
  STRATUS_TRY(fresh, connect_());
  connection_ = std::move(fresh);
  return start();
}

void Writer::commit(std::deque<Job>& jobs) {
  std::vector<Result<void>> results;
  Result<void> whole = begin();
  if (whole) {
    whole = run_jobs(jobs, results);
    // A job alone has no savepoint: what it left is rolled back as a whole.
    const bool keep = whole && (jobs.size() > 1 || results.front());
    if (keep) whole = connection_->script("COMMIT");
    if (connection_->in_transaction()) (void)connection_->script("ROLLBACK");
  }
  note(whole, true);
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    jobs[i].done(whole ? std::move(results[i]) : whole);
  }
}

// Fails only when the transaction itself is gone.
Result<void> Writer::run_jobs(const std::deque<Job>& jobs, std::vector<Result<void>>& results) {
  for (const Job& job : jobs) {
    results.push_back(run_job(job, jobs.size() == 1));
    if (connection_->in_transaction()) continue;
    // SQLite gives up the whole transaction on a full disk, PostgreSQL with its connection.
    if (!results.back()) return results.back();
    return fail(ErrorCode::internal, "database: a work ended the transaction it was part of");
  }
  return {};
}

Result<void> Writer::run_job(const Job& job, bool alone) {
  if (alone) return job.work(*connection_);
  STRATUS_CHECK(connection_->script("SAVEPOINT job"));
  Result<void> result = job.work(*connection_);
  if (!connection_->in_transaction()) return result;
  if (result) {
    result = connection_->script("RELEASE SAVEPOINT job");
    if (result) return result;
  }
  const auto undone = connection_->script("ROLLBACK TO SAVEPOINT job; RELEASE SAVEPOINT job");
  if (!undone && connection_->in_transaction()) (void)connection_->script("ROLLBACK");
  return result;
}

void Writer::probe() {
  if (connection_) connection_->rest();
  Result<void> outcome = begin();
  const bool ill = !state().ok;
  if (outcome) {
    // On a full disk only a change that reaches the disk tells whether there is room again.
    if (ill) outcome = connection_->script("UPDATE database_probe SET count = count + 1");
    if (outcome) outcome = connection_->script("COMMIT");
    if (connection_->in_transaction()) (void)connection_->script("ROLLBACK");
  }
  note(outcome, ill);
}

// `outcome` is the transaction's; trouble of single jobs is what the connection noted.
void Writer::note(const Result<void>& outcome, bool tried_to_write) {
  DatabaseState now;
  if (connection_) now.detail = connection_->take_trouble();
  if (!outcome) now.detail = outcome.error().text();
  now.ok = now.detail.empty();
  const std::lock_guard lock(mutex_);
  if (now.ok && !tried_to_write) return;
  if (now.ok != state_.ok) {
    if (now.ok) {
      log::info("db", "the database works again");
    } else {
      log::error("db", "the database does not work: {}", now.detail);
    }
  }
  state_ = std::move(now);
}

}  // namespace stratus::db
