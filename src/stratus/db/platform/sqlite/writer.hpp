// The one thread that writes: takes what waits, runs it in one transaction, and answers after the commit.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "stratus/db/platform/sqlite/connection.hpp"

namespace stratus::db {

class Writer {
 public:
  using Work = std::function<Result<void>(Connection&)>;
  using Done = std::function<void(Result<void>)>;

  Writer(std::unique_ptr<Connection> connection, std::size_t queue_limit);
  ~Writer();  // writes what is queued

  // A failed job undoes only itself. `done` runs on the writer's thread, or here when the queue is full.
  void submit(Work work, Done done);

 private:
  struct Job {
    Work work;
    Done done;
  };
  void run();
  void commit(std::deque<Job>& jobs);

  std::unique_ptr<Connection> connection_;
  std::size_t queue_limit_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace stratus::db
