#include "stratus/net/worker_pool.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <new>
#include <thread>
#include <vector>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <pthread.h>

#include "stratus/base/log.hpp"

namespace stratus::net {

namespace asio = boost::asio;

Task<void> await_callback(std::function<void(std::function<void()> done)> start) {
  auto initiate = [&start](auto handler) {
    auto executor = asio::get_associated_executor(handler);
    // std::function wants copies; the handler is move-only. The guard keeps the loop running meanwhile.
    struct Waiting {
      decltype(handler) resume;
      decltype(asio::make_work_guard(executor)) guard;
    };
    auto waiting = std::make_shared<Waiting>(Waiting{std::move(handler), asio::make_work_guard(executor)});
    start([waiting, executor] {
      asio::post(executor, [waiting] {
        auto resume = std::move(waiting->resume);
        waiting->guard.reset();
        resume();
      });
    });
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(initiate, asio::use_awaitable);
}

Error error_of_exception(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::bad_alloc&) {
    return {ErrorCode::no_space, "out of memory"};
  } catch (const std::exception& exception) {
    return {ErrorCode::internal, std::string("a fault of the program: ") + exception.what()};
  } catch (...) {
    return {ErrorCode::internal, "a fault of the program: something unknown was thrown"};
  }
}

namespace {

Error log_exception(const std::string& pool, const std::exception_ptr& thrown) {
  Error error = error_of_exception(thrown);
  log::error(pool, "a job was given up: {}", error.text());
  return error;
}

}  // namespace

struct WorkerPool::Impl {
  std::string name;
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::function<void()>> jobs;
  bool stopping = false;
  std::vector<std::thread> threads;

  void work() {
    std::unique_lock lock(mutex);
    for (;;) {
      wake.wait(lock, [this] { return stopping || !jobs.empty(); });
      if (jobs.empty()) return;
      std::function<void()> job = std::move(jobs.front());
      jobs.pop_front();
      lock.unlock();
      try {
        job();
      } catch (...) {
        (void)log_exception(name, std::current_exception());
      }
      job = nullptr;  // what it holds goes without the lock
      lock.lock();
    }
  }
};

WorkerPool::WorkerPool(std::string name, unsigned threads) : impl_(std::make_unique<Impl>()) {
  impl_->name = name;
  name.resize(std::min<std::size_t>(name.size(), 15));  // the kernel's limit
  for (unsigned i = 0; i < threads; ++i) {
    impl_->threads.emplace_back([impl = impl_.get()] { impl->work(); });
    ::pthread_setname_np(impl_->threads.back().native_handle(), name.c_str());
  }
}

WorkerPool::~WorkerPool() { join(); }

Error WorkerPool::report(const std::exception_ptr& thrown) const {
  return log_exception(impl_->name, thrown);
}

void WorkerPool::post(std::function<void()> job) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->jobs.push_back(std::move(job));
  }
  impl_->wake.notify_one();
}

void WorkerPool::join() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_all();
  for (std::thread& thread : impl_->threads) {
    if (thread.joinable()) thread.join();
  }
}

}  // namespace stratus::net
