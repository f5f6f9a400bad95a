#include "stratus/net/loop.hpp"

#include <csignal>
#include <exception>
#include <list>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "stratus/base/log.hpp"

namespace stratus::net {

namespace asio = boost::asio;

namespace {

// Answers the text of an exception, or nothing for a cancellation.
std::string text_of(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const boost::system::system_error& error) {
    return error.code() == asio::error::operation_aborted ? std::string() : error.what();
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "unknown exception";
  }
}

void log_end(const std::exception_ptr& thrown) {
  if (!thrown) return;
  const std::string text = text_of(thrown);
  if (!text.empty()) log::error("net", "a task ended by an exception: {}", text);
}

}  // namespace

struct Loop::Impl {
  asio::io_context context{1};
};

Loop::Loop() : impl_(std::make_unique<Impl>()) { ::signal(SIGPIPE, SIG_IGN); }
Loop::~Loop() = default;

Executor Loop::executor() { return impl_->context.get_executor(); }

Result<void> Loop::run(Task<Result<void>> main) {
  Result<void> result;
  asio::co_spawn(impl_->context, std::move(main), [&](const std::exception_ptr& thrown, Result<void> ended) {
    result = thrown ? fail(ErrorCode::internal, "exception: " + text_of(thrown)) : std::move(ended);
    impl_->context.stop();
  });
  impl_->context.restart();
  impl_->context.run();
  return result;
}

void spawn(const Executor& executor, Task<void> task) { asio::co_spawn(executor, std::move(task), log_end); }

Task<int> wait_for_signal(std::vector<int> signals) {
  const auto executor = co_await asio::this_coro::executor;
  asio::signal_set set(executor);
  for (const int number : signals) set.add(number);
  boost::system::error_code error;
  const int number = co_await set.async_wait(asio::redirect_error(asio::use_awaitable, error));
  co_return error ? 0 : number;
}

Task<void> wait_for_stop() {
  std::vector<int> signals{SIGTERM, SIGINT};
  const int number = co_await wait_for_signal(std::move(signals));
  if (number != 0) log::info("net", "stopping ({})", number == SIGTERM ? "SIGTERM" : "SIGINT");
}

Task<void> sleep_for(Millis time) {
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, time);
  co_await timer.async_wait(asio::use_awaitable);
}

Task<void> yield_turn() {
  const auto executor = co_await asio::this_coro::executor;
  co_await asio::post(executor, asio::use_awaitable);
}

struct Notifier::Impl {
  struct Waiter {
    asio::steady_timer timer;
    bool notified = false;
  };
  // Present in the list as long as its coroutine waits, however that ends.
  struct Entry {
    std::list<Waiter>& waiters;
    std::list<Waiter>::iterator at;
    ~Entry() { waiters.erase(at); }
  };
  Executor executor;
  std::list<Waiter> waiters;
};

Notifier::Notifier(const Executor& executor) : impl_(std::make_shared<Impl>()) { impl_->executor = executor; }
Notifier::~Notifier() = default;

Task<void> Notifier::wait() { (void)co_await wait_until(SteadyTime::max()); }
Task<bool> Notifier::wait_for(Millis longest) {
  return wait_until(std::chrono::steady_clock::now() + longest);
}

Task<bool> Notifier::wait_until(SteadyTime when) {
  const auto impl = impl_;  // the notifier may be gone when we wake
  impl->waiters.push_back(Impl::Waiter{asio::steady_timer(impl->executor, when), false});
  const Impl::Entry entry = Impl::Entry{impl->waiters, std::prev(impl->waiters.end())};
  boost::system::error_code ignored;
  co_await entry.at->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  co_return entry.at->notified;
}

void Notifier::notify_all() {
  for (Impl::Waiter& waiter : impl_->waiters) {
    waiter.notified = true;
    waiter.timer.cancel();
  }
}

struct TaskGroup::Impl {
  explicit Impl(Executor on) : executor(std::move(on)), ended(executor) {}
  Executor executor;
  std::list<asio::cancellation_signal> running;
  Notifier ended;
};

TaskGroup::TaskGroup(Executor executor) : impl_(std::make_shared<Impl>(std::move(executor))) {}
TaskGroup::~TaskGroup() = default;

std::size_t TaskGroup::size() const { return impl_->running.size(); }

void TaskGroup::spawn(Task<void> task) {
  const auto entry = impl_->running.emplace(impl_->running.end());
  const auto on_end = [impl = impl_, entry](const std::exception_ptr& thrown) {
    log_end(thrown);
    impl->running.erase(entry);
    impl->ended.notify_all();
  };
  asio::co_spawn(impl_->executor, std::move(task), asio::bind_cancellation_slot(entry->slot(), on_end));
}

Task<void> TaskGroup::join() {
  const auto impl = impl_;
  while (!impl->running.empty()) co_await impl->ended.wait();
}

Task<void> TaskGroup::stop() {
  const auto impl = impl_;
  while (!impl->running.empty()) {
    // Emitting may end a task at once and take its entry away.
    for (auto entry = impl->running.begin(); entry != impl->running.end();) {
      const auto current = entry++;
      current->emit(asio::cancellation_type::terminal);
    }
    if (impl->running.empty()) break;
    co_await impl->ended.wait();
  }
}

}  // namespace stratus::net
