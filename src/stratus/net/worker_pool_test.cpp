#include "stratus/net/worker_pool.hpp"

#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "stratus/base/result.hpp"

namespace stratus::net {
namespace {

Task<void> use(WorkerPool& pool, std::thread::id loop, int& finished) {
  for (int i = 0; i < 50; ++i) {
    auto work = [&, i]() -> Result<int> {
      EXPECT_NE(std::this_thread::get_id(), loop);
      if (i % 2 != 0) return fail(ErrorCode::conflict, "odd");
      return i;
    };
    const auto result = co_await pool.run(work);
    EXPECT_EQ(std::this_thread::get_id(), loop);
    EXPECT_EQ(result.has_value(), i % 2 == 0);
  }
  ++finished;
}

TEST(WorkerPool, RunsWorkElsewhereAndGoesOnOnTheLoop) {
  boost::asio::io_context loop;
  WorkerPool pool("test", 3);
  int finished = 0;
  for (int i = 0; i < 20; ++i) {
    boost::asio::co_spawn(loop, use(pool, std::this_thread::get_id(), finished), boost::asio::detached);
  }
  loop.run();
  EXPECT_EQ(finished, 20);
}

}  // namespace
}  // namespace stratus::net
