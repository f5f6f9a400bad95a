#include "stratus/db/reader_pool.hpp"

namespace stratus::db {

namespace {
constexpr std::chrono::milliseconds kPause{500};
}

Result<void> ReaderPool::with(const std::function<Result<void>(Connection&)>& use) {
  auto taken = take();
  if (!taken) return forward_error(std::move(taken));
  std::unique_ptr<Connection> connection = std::move(*taken);
  Result<void> done = use(*connection);
  if (!done && connection->is_lost()) {
    auto again = connect();
    if (again) {
      connection = std::move(*again);
      done = use(*connection);
    }
  }
  give_back(std::move(connection));
  return done;
}

Result<std::unique_ptr<Connection>> ReaderPool::take() {
  std::unique_lock lock(mutex_);
  returned_.wait(lock, [this] { return free_ > 0; });
  --free_;
  if (!idle_.empty()) {
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    return connection;
  }
  lock.unlock();
  auto connection = connect();
  if (!connection) give_back(nullptr);
  return connection;
}

Result<std::unique_ptr<Connection>> ReaderPool::connect() {
  {
    const std::lock_guard lock(mutex_);
    if (std::chrono::steady_clock::now() < not_before_) {
      return fail(ErrorCode::unavailable, "database: no connection; trying again in a moment");
    }
  }
  auto connection = connect_();
  if (!connection) {
    const std::lock_guard lock(mutex_);
    not_before_ = std::chrono::steady_clock::now() + kPause;
  }
  return connection;
}

void ReaderPool::give_back(std::unique_ptr<Connection> connection) {
  const std::lock_guard lock(mutex_);
  if (connection && !connection->is_lost()) idle_.push_back(std::move(connection));
  ++free_;
  returned_.notify_one();
}

}  // namespace stratus::db
