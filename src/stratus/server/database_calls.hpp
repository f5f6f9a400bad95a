// Awaiting the database from coroutines on the loop.
#pragma once

#include <functional>

#include "stratus/db/database.hpp"
#include "stratus/net/worker_pool.hpp"

namespace stratus::server {

// Goes on once the work is durable, or with why it is not. What `work` refers to stays alive meanwhile.
inline net::Task<Result<void>> commit(db::Database& database, db::Database::Work work) {
  Result<void> result;
  std::function<void(std::function<void()>)> begin = [&](std::function<void()> done) {
    database.write(std::move(work), [&result, done](Result<void> written) {
      result = std::move(written);
      done();
    });
  };
  co_await net::await_callback(begin);
  co_return result;
}

}  // namespace stratus::server
