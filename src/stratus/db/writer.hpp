// The one thread that writes: takes what waits, runs it in one transaction, and answers after the commit.
// While something is wrong (connection lost, disk full) it tries every second whether that has passed.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "stratus/db/connection.hpp"

namespace stratus::db {

class Writer {
 public:
  using Connect = std::function<Result<std::unique_ptr<Connection>>()>;

  // `first` is open and migrated; `connect` makes another when it is lost.
  Writer(std::unique_ptr<Connection> first, Connect connect, std::size_t queue_limit);
  ~Writer();  // writes what is queued

  // A failed job undoes only itself. `done` runs on the writer's thread, or here when the queue is full.
  void submit(Database::Work work, Database::Done done);
  DatabaseState state() const;

 private:
  struct Job {
    Database::Work work;
    Database::Done done;
  };
  void run();
  void commit(std::deque<Job>& jobs);
  Result<void> begin();
  Result<void> run_jobs(const std::deque<Job>& jobs, std::vector<Result<void>>& results);
  Result<void> run_job(const Job& job, bool alone);
  void probe();
  void note(const Result<void>& outcome, bool tried_to_write);

  std::unique_ptr<Connection> connection_;
  Connect connect_;
  std::size_t queue_limit_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
  DatabaseState state_;
  std::thread thread_;
};

}  // namespace stratus::db
