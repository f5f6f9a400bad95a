#include "stratus/net/bounded_pool.hpp"

#include <future>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace stratus::net {
namespace {

Task<void> use(BoundedPool& pool, std::shared_future<void> gate, std::vector<Result<int>>& into) {
  auto work = [gate]() -> Result<int> {
    gate.wait();
    return 1;
  };
  auto result = co_await pool.run(work);
  into.push_back(std::move(result));
}

TEST(BoundedPool, RefusesWhatIsTooMuchAndHasRoomAgainLater) {
  boost::asio::io_context loop;
  BoundedPool pool("test", 1, 3);
  std::promise<void> gate;
  const std::shared_future<void> open = gate.get_future().share();
  std::vector<Result<int>> results;
  for (int i = 0; i < 5; ++i) {
    boost::asio::co_spawn(loop, use(pool, open, results), boost::asio::detached);
  }
  loop.poll();
  ASSERT_EQ(results.size(), 2u);  // the refused ones know at once
  for (const auto& refused : results) {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::unavailable);
  }
  EXPECT_EQ(pool.inside(), 3u);
  gate.set_value();
  loop.run();
  EXPECT_EQ(results.size(), 5u);
  EXPECT_EQ(pool.inside(), 0u);
  boost::asio::co_spawn(loop, use(pool, open, results), boost::asio::detached);
  loop.restart();
  loop.run();
  EXPECT_TRUE(results.back());
}

}  // namespace
}  // namespace stratus::net
