#include "stratus/server/delta_queue.hpp"

#include <future>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "stratus/crypto/sha256.hpp"

namespace stratus::server {
namespace {

DeltaJob job(const std::string& base) { return {"app", sha256(base), sha256("target")}; }

class DeltaQueueTest : public ::testing::Test {
 protected:
  using State = DeltaQueue::State;

  class HandClock : public Clock {
   public:
    WallTime wall() const override { return {}; }
    SteadyTime steady() const override { return now; }
    SteadyTime now{std::chrono::hours(1)};
  };

  void make_queue(std::size_t limit) {
    options_.limit = limit;
    options_.clock = &clock_;
    queue_ = std::make_unique<DeltaQueue>(
        loop_.get_executor(), options_,
        [this](const DeltaJob& made) -> Result<DeltaResult> {
          ++calls_;
          open_.wait();
          if (made == job("throws")) throw std::length_error("a fault");
          if (made == job("broken")) return fail(ErrorCode::corrupt, "a damaged layer");
          return DeltaResult{made == job("useless") ? 0u : 1u, 10, false};
        },
        [this](const DeltaJob& done) { finished_.push_back(done); });
  }
  void finish(std::size_t count) {
    if (open_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) gate_.set_value();
    while (finished_.size() < count) {
      loop_.restart();
      loop_.run_one_for(std::chrono::seconds(10));
    }
  }

  State ask(const std::string& base, const std::string& device = "") {
    return queue_->request(job(base), device).state;
  }

  HandClock clock_;
  DeltaQueueOptions options_;
  boost::asio::io_context loop_;
  std::promise<void> gate_;
  std::shared_future<void> open_ = gate_.get_future().share();
  std::atomic<int> calls_{0};
  std::vector<DeltaJob> finished_;
  std::unique_ptr<DeltaQueue> queue_;
};

TEST_F(DeltaQueueTest, MakesEachDeltaOnceAndSaysWhatCameOfIt) {
  make_queue(10);
  for (const char* base : {"good", "good", "useless", "broken"}) {
    EXPECT_EQ(ask(base, base), State::pending);
  }
  EXPECT_EQ(queue_->size(), 3u);
  EXPECT_TRUE(queue_->is_pending(job("good")));
  finish(3);
  EXPECT_EQ(calls_, 3);
  EXPECT_EQ(queue_->size(), 0u);
  EXPECT_EQ(queue_->counters().made, 1u);
  EXPECT_EQ(queue_->counters().useless, 1u);
  EXPECT_EQ(queue_->counters().failed, 1u);
}

TEST_F(DeltaQueueTest, TriesAgainAfterEverLongerWaits) {
  make_queue(10);
  gate_.set_value();
  std::vector<std::chrono::minutes> waits;
  for (std::size_t i = 1; i <= 12; ++i) {
    EXPECT_EQ(ask("broken"), State::pending);
    finish(i);
    const DeltaQueue::Reply reply = queue_->request(job("broken"), "d");
    EXPECT_EQ(reply.state, State::failed);  // not again at once
    waits.push_back(std::chrono::duration_cast<std::chrono::minutes>(reply.retry_at - clock_.now));
    clock_.now = reply.retry_at;
  }
  EXPECT_EQ(waits[0].count(), 1);
  EXPECT_EQ(waits[1].count(), 2);
  EXPECT_EQ(waits[4].count(), 16);
  EXPECT_EQ(waits.back().count(), 360);
  clock_.now -= std::chrono::seconds(1);
  EXPECT_EQ(ask("broken"), State::failed);
  EXPECT_EQ(queue_->request_now(job("broken")).state, State::pending);  // somebody decided to deploy
  finish(13);
}

TEST_F(DeltaQueueTest, DevicesFillHalfOfItAtMost) {
  make_queue(4);
  EXPECT_EQ(ask("1", "a"), State::pending);
  EXPECT_EQ(ask("2", "b"), State::pending);
  const DeltaQueue::Reply third = queue_->request(job("3"), "c");
  EXPECT_EQ(third.state, State::refused);
  EXPECT_GT(third.retry_at, clock_.now);
  EXPECT_EQ(queue_->counters().refused, 1u);
  EXPECT_EQ(queue_->request_now(job("4")).state, State::pending);
  EXPECT_EQ(queue_->request_now(job("5")).state, State::pending);
  EXPECT_EQ(queue_->request_now(job("6")).state, State::refused);
  EXPECT_EQ(queue_->request_now(job("2")).state, State::pending);  // becomes the deployment's …
  EXPECT_EQ(ask("7", "c"), State::refused);                        // … but all places are taken
  finish(4);
  EXPECT_EQ(ask("3", "c"), State::pending);
  EXPECT_EQ(ask("7", "c"), State::pending);
  finish(6);
}

TEST_F(DeltaQueueTest, OneDeviceAndOneNameHaveTheirShare) {
  options_.per_device = 2;
  options_.per_name = 3;
  make_queue(100);
  EXPECT_EQ(ask("1", "greedy"), State::pending);
  EXPECT_EQ(ask("2", "greedy"), State::pending);
  EXPECT_EQ(ask("3", "greedy"), State::refused);
  EXPECT_EQ(ask("1", "greedy"), State::pending);  // no further job
  EXPECT_EQ(ask("3", "other"), State::pending);
  EXPECT_EQ(ask("4", "third"), State::refused);  // of the name
  EXPECT_EQ(queue_->request({"web", sha256("1"), sha256("target")}, "third").state, State::pending);
  finish(4);
  EXPECT_EQ(ask("4", "greedy"), State::pending);
  finish(5);
}

TEST_F(DeltaQueueTest, DeploymentsComeFirst) {
  make_queue(100);
  for (const char* base : {"running", "1", "2", "3"}) EXPECT_EQ(ask(base, base), State::pending);
  for (const char* base : {"now", "3", "superseded"}) {
    EXPECT_EQ(queue_->request_now(job(base)).state, State::pending);
  }
  queue_->demote(job("superseded"));
  finish(6);
  const std::vector<DeltaJob> order{job("running"), job("now"), job("3"),
                                    job("1"),       job("2"),   job("superseded")};
  EXPECT_EQ(finished_, order);
}

TEST_F(DeltaQueueTest, WhatNobodyWantsAnyMoreIsDropped) {
  options_.is_wanted = [](const DeltaJob& asked) { return asked != job("stale"); };
  make_queue(100);
  for (const char* base : {"running", "stale", "good"}) EXPECT_EQ(ask(base, base), State::pending);
  finish(2);
  EXPECT_EQ(calls_, 2);
  EXPECT_EQ(queue_->counters().dropped, 1u);
  EXPECT_EQ(queue_->size(), 0u);
  EXPECT_EQ(ask("again", "stale"), State::pending);  // its place is free again
  finish(3);
}

TEST_F(DeltaQueueTest, AFaultInOneJobFailsThatJob) {
  make_queue(10);
  EXPECT_EQ(ask("throws", "a"), State::pending);
  EXPECT_EQ(ask("good", "b"), State::pending);
  finish(2);
  EXPECT_EQ(queue_->counters().failed, 1u);
  EXPECT_EQ(queue_->counters().made, 1u);
}

TEST_F(DeltaQueueTest, DropsWhatWaitsWhenItStops) {
  make_queue(10);
  EXPECT_EQ(ask("1", "a"), State::pending);
  EXPECT_EQ(ask("2", "b"), State::pending);
  queue_->stop();
  finish(1);
  EXPECT_LE(calls_, 1);
  EXPECT_EQ(finished_, std::vector{job("1")});
  EXPECT_TRUE(queue_->is_pending(job("2")));  // nobody may take it for done
  EXPECT_EQ(ask("3"), State::refused);
}

TEST_F(DeltaQueueTest, MayGoBeforeItsJobsAreConcluded) {
  make_queue(10);
  EXPECT_EQ(ask("1"), State::pending);
  gate_.set_value();
  queue_.reset();
  loop_.run();
  EXPECT_TRUE(finished_.empty());
}

}  // namespace
}  // namespace stratus::server
