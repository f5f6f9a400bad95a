// A few connections for reading, made when needed and made anew when lost. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "stratus/db/connection.hpp"

namespace stratus::db {

class ReaderPool {
 public:
  using Connect = std::function<Result<std::unique_ptr<Connection>>()>;
  ReaderPool(Connect connect, unsigned limit) : connect_(std::move(connect)), free_(limit) {}

  // Runs `use` with a connection, waiting for one when all are busy. When the connection turns out to be
  // lost, `use` runs once more with a new one: it must only read, and start its results afresh.
  Result<void> with(const std::function<Result<void>(Connection&)>& use);

 private:
  Result<std::unique_ptr<Connection>> take();
  Result<std::unique_ptr<Connection>> connect();
  void give_back(std::unique_ptr<Connection> connection);

  Connect connect_;
  std::mutex mutex_;
  std::condition_variable returned_;
  unsigned free_;  // how many more may be in use
  std::vector<std::unique_ptr<Connection>> idle_;
  std::chrono::steady_clock::time_point not_before_{};  // a server that refused is left alone for a moment
};

}  // namespace stratus::db
