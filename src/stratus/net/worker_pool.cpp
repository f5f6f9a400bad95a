#include "stratus/net/worker_pool.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <pthread.h>

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

struct WorkerPool::Impl {
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
      job();
      job = nullptr;  // what it holds goes without the lock
      lock.lock();
    }
  }
};

WorkerPool::WorkerPool(std::string name, unsigned threads) : impl_(std::make_unique<Impl>()) {
  name.resize(std::min<std::size_t>(name.size(), 15));  // the kernel's limit
  for (unsigned i = 0; i < threads; ++i) {
    impl_->threads.emplace_back([impl = impl_.get()] { impl->work(); });
    ::pthread_setname_np(impl_->threads.back().native_handle(), name.c_str());
  }
}

WorkerPool::~WorkerPool() { join(); }

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
