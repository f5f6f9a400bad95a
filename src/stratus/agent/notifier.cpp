#include "stratus/agent/notifier.hpp"

#include <algorithm>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fcntl.h>
#include <poll.h>

#include "stratus/base/file.hpp"

namespace stratus::agent {

namespace asio = boost::asio;

struct Notifier::Impl {
  asio::steady_timer timer;
  bool pending = false;
  int waiting = 0;
};

Notifier::Notifier(net::Executor executor)
    : impl_(std::make_unique<Impl>(Impl{asio::steady_timer(std::move(executor)), false, 0})) {}
Notifier::~Notifier() = default;

void Notifier::notify() {
  impl_->pending = true;
  impl_->timer.cancel();
}

net::Task<bool> Notifier::wait(std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!impl_->pending && std::chrono::steady_clock::now() < end) {
    boost::system::error_code ignored;
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    // Set for each waiter anew would cancel the others: the shortest wins, the others look and wait again.
    if (impl_->waiting == 0 || impl_->timer.expiry() > end) impl_->timer.expires_at(end);
    ++impl_->waiting;
    co_await impl_->timer.async_wait(token);
    --impl_->waiting;
  }
  const bool notified = impl_->pending;
  if (impl_->waiting == 0) impl_->pending = false;
  co_return notified;
}

net::Task<void> Notifier::wait() {
  bool notified = false;
  while (!notified) notified = co_await wait(std::chrono::hours(24));
}

net::Task<void> pause(std::chrono::milliseconds duration) {
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, duration);
  boost::system::error_code ignored;
  auto token = asio::redirect_error(asio::use_awaitable, ignored);
  co_await timer.async_wait(token);
}

namespace {

constexpr std::chrono::milliseconds kPollInterval{50};

bool is_readable(int fd) {
  pollfd polled{fd, POLLIN, 0};
  return ::poll(&polled, 1, 0) > 0;
}

net::Task<bool> look_until_readable(int fd, std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!is_readable(fd)) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) co_return false;
    const std::chrono::milliseconds next = std::min(left, kPollInterval);
    co_await pause(next);
  }
  co_return true;
}

// A copy, since a descriptor can be watched only once; closed when it cannot be watched at all.
bool watch_copy(asio::posix::stream_descriptor& descriptor, int fd) {
  FileDescriptor copy(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!copy) return false;
  boost::system::error_code error;
  descriptor.assign(copy.get(), error);
  if (error) return false;
  (void)copy.release();
  return true;
}

}  // namespace

net::Task<bool> wait_readable(int fd, std::chrono::milliseconds limit) {
  const auto executor = co_await asio::this_coro::executor;
  asio::posix::stream_descriptor descriptor(executor);
  if (!watch_copy(descriptor, fd)) {
    const bool seen = co_await look_until_readable(fd, limit);
    co_return seen;
  }
  asio::steady_timer timer(executor, limit);
  // A timer that went off together with the descriptor calls after this coroutine's frame is gone.
  auto waiting = std::make_shared<bool>(true);
  auto cancel = [&descriptor, waiting](const boost::system::error_code& error) {
    if (!error && *waiting) descriptor.cancel();
  };
  timer.async_wait(cancel);
  boost::system::error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  const auto readable = asio::posix::stream_descriptor::wait_read;
  co_await descriptor.async_wait(readable, token);
  *waiting = false;
  timer.cancel();
  co_return !error;
}

net::Task<void> wait_readable(int fd) {
  bool readable = false;
  while (!readable) readable = co_await wait_readable(fd, std::chrono::hours(24));
}

}  // namespace stratus::agent
