// A worker pool for what anybody may ask for and what costs much (listing, counting): a few at once, some
// waiting, the rest refused. Its own threads, so that it never holds up what devices wait for. Used on the
// loop's thread.
#pragma once

#include <cstddef>
#include <string>

#include "stratus/base/result.hpp"
#include "stratus/net/worker_pool.hpp"

namespace stratus::net {

class BoundedPool {
 public:
  // `limit`: works running and waiting.
  BoundedPool(std::string name, unsigned threads, std::size_t limit)
      : pool_(std::move(name), threads), limit_(limit) {}

  // As WorkerPool::run; `unavailable` (reason "throttled") beyond the limit. `F` answers a Result.
  template <class F>
  Task<std::invoke_result_t<F>> run(F work) {
    if (inside_ >= limit_) {
      co_return fail(ErrorCode::unavailable, "too many ask for lists at this moment; try again", "throttled");
    }
    const Place place(inside_);
    auto result = co_await pool_.run(work);
    co_return result;
  }
  std::size_t inside() const { return inside_; }

 private:
  struct Place {
    explicit Place(std::size_t& inside) : inside_(inside) { ++inside_; }
    Place(const Place&) = delete;
    ~Place() { --inside_; }
    std::size_t& inside_;
  };

  std::size_t inside_ = 0;
  WorkerPool pool_;
  std::size_t limit_;
};

}  // namespace stratus::net
