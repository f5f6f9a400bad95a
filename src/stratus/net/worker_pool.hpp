// A named pool for work that blocks (files, hashing, SQL, compression), so that the event loop never does.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "stratus/net/task.hpp"

namespace stratus::net {

// Starts something that calls `done` once, from any thread; the coroutine goes on after that on the executor
// it runs on. Cannot be cancelled: whatever `start` refers to stays alive until `done` was called.
Task<void> await_callback(std::function<void(std::function<void()> done)> start);

class WorkerPool {
 public:
  WorkerPool(std::string name, unsigned threads);
  ~WorkerPool();  // finishes what was queued; the loop must not be destroyed before

  // Runs `work` on a thread of the pool and answers its result to the awaiting coroutine. Its references stay
  // valid while the caller awaits.
  template <class F>
  Task<std::invoke_result_t<F>> run(F work) {
    std::optional<std::invoke_result_t<F>> result;
    std::function<void(std::function<void()>)> start = [&](std::function<void()> done) {
      post([&result, &work, done = std::move(done)] {
        result.emplace(work());
        done();
      });
    };
    co_await await_callback(start);
    co_return std::move(*result);
  }

  // Fire and forget; `job` must not throw.
  void post(std::function<void()> job);
  // Ends the threads after what is queued.
  void join();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stratus::net
