#include "stratus/net/worker_pool.hpp"

#include <stdexcept>
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

Task<void> throw_in(WorkerPool& pool, int& finished) {
  auto throws = []() -> Result<int> { throw std::length_error("too long"); };
  const auto result = co_await pool.run(throws);
  EXPECT_FALSE(result);
  if (!result) EXPECT_EQ(result.error().code(), ErrorCode::internal);
  if (!result) EXPECT_NE(result.error().text().find("too long"), std::string::npos);

  auto exhausts = []() -> Result<void> { throw std::bad_alloc(); };
  const auto exhausted = co_await pool.run(exhausts);
  EXPECT_FALSE(exhausted);
  if (!exhausted) EXPECT_EQ(exhausted.error().code(), ErrorCode::no_space);

  bool caught = false;
  try {
    auto plain = []() -> int { throw 7; };
    (void)co_await pool.run(plain);
  } catch (int value) {
    caught = value == 7;
  }
  EXPECT_TRUE(caught);

  pool.post([] { throw std::runtime_error("nobody waits"); });
  auto still_there = [] { return 5; };
  const int answer = co_await pool.run(still_there);
  EXPECT_EQ(answer, 5);
  ++finished;
}

TEST(WorkerPool, WhatAJobThrowsEndsNothingElse) {
  boost::asio::io_context loop;
  WorkerPool pool("test", 1);
  int finished = 0;
  boost::asio::co_spawn(loop, throw_in(pool, finished), boost::asio::detached);
  loop.run();
  EXPECT_EQ(finished, 1);
}

TEST(CallGuarded, TurnsExceptionsIntoErrors) {
  EXPECT_EQ(*call_guarded([]() -> Result<int> { return 3; }), 3);
  const auto failed = call_guarded([]() -> Result<int> { throw std::runtime_error("no"); });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), ErrorCode::internal);
}

}  // namespace
}  // namespace stratus::net
