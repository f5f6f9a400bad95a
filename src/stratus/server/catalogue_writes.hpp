// Awaiting a write of the catalogue: the coroutine goes on once the commit is on the disk.
#pragma once

#include <functional>

#include "stratus/base/clock.hpp"
#include "stratus/base/result.hpp"
#include "stratus/db/catalogue.hpp"
#include "stratus/net/worker_pool.hpp"

namespace stratus::server {

// `start` hands its argument to one write of the catalogue as its `done`.
inline net::Task<Result<void>> await_write(std::function<void(db::Catalogue::Done)> start) {
  Result<void> result;
  std::function<void(std::function<void()>)> begin = [&](std::function<void()> done) {
    start([&result, done](Result<void> written) {
      result = std::move(written);
      done();
    });
  };
  co_await net::await_callback(begin);
  co_return result;
}

inline std::int64_t now_ms() { return system_clock().wall().time_since_epoch().count(); }

}  // namespace stratus::server
