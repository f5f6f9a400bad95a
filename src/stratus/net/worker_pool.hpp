// A named pool for work that blocks (files, hashing, SQL, compression), so that the event loop never does.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "stratus/base/result.hpp"
#include "stratus/net/task.hpp"

namespace stratus::net {

// Starts something that calls `done` once, from any thread; the coroutine goes on after that on the executor
// it runs on. Cannot be cancelled: whatever `start` refers to stays alive until `done` was called.
Task<void> await_callback(std::function<void(std::function<void()> done)> start);

// What `thrown` says, as an Error: out of memory is `no_space`, everything else `internal`.
Error error_of_exception(const std::exception_ptr& thrown);

// Calls `work`; what it throws becomes the Error of its Result.
template <class F>
auto call_guarded(F&& work) -> std::invoke_result_t<F> {
  try {
    return std::forward<F>(work)();
  } catch (...) {
    return fail(error_of_exception(std::current_exception()));
  }
}

class WorkerPool {
 public:
  WorkerPool(std::string name, unsigned threads);
  ~WorkerPool();  // finishes what was queued; the loop must not be destroyed before

  // Runs `work` on a thread of the pool and answers its result to the awaiting coroutine. Its references stay
  // valid while the caller awaits. What `work` throws is logged and becomes the Error of its Result; work
  // without a Result throws in the awaiting coroutine instead.
  template <class F>
  Task<std::invoke_result_t<F>> run(F work) {
    using Answer = std::invoke_result_t<F>;
    std::optional<Answer> result;
    std::exception_ptr thrown;
    std::function<void(std::function<void()>)> start = [&](std::function<void()> done) {
      post([&result, &thrown, &work, done = std::move(done)] {
        try {
          result.emplace(work());
        } catch (...) {
          thrown = std::current_exception();
        }
        done();
      });
    };
    co_await await_callback(start);
    if (thrown) {
      if constexpr (std::is_convertible_v<tl::unexpected<Error>, Answer>) co_return fail(report(thrown));
      std::rethrow_exception(thrown);
    }
    co_return std::move(*result);
  }

  // Fire and forget. What `job` throws is logged.
  void post(std::function<void()> job);
  // Ends the threads after what is queued.
  void join();

 private:
  Error report(const std::exception_ptr& thrown) const;  // logs it

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stratus::net
