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
  void make_queue(std::size_t limit) {
    queue_ = std::make_unique<DeltaQueue>(
        loop_.get_executor(), 1, limit,
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
    gate_.set_value();
    while (finished_.size() < count) {
      loop_.restart();
      loop_.run_one_for(std::chrono::seconds(10));
    }
  }

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
    EXPECT_EQ(queue_->request(job(base)), DeltaQueue::State::pending);
  }
  EXPECT_EQ(queue_->size(), 3u);
  EXPECT_TRUE(queue_->is_pending(job("good")));
  finish(3);
  EXPECT_EQ(calls_, 3);
  EXPECT_EQ(queue_->size(), 0u);
  EXPECT_EQ(queue_->counters().made, 1u);
  EXPECT_EQ(queue_->counters().useless, 1u);
  EXPECT_EQ(queue_->counters().failed, 1u);
  EXPECT_EQ(queue_->request(job("broken")), DeltaQueue::State::failed);  // not again at once
}

TEST_F(DeltaQueueTest, AFaultInOneJobFailsThatJob) {
  make_queue(10);
  (void)queue_->request(job("throws"));
  (void)queue_->request(job("good"));
  finish(2);
  EXPECT_EQ(queue_->counters().failed, 1u);
  EXPECT_EQ(queue_->counters().made, 1u);
}

TEST_F(DeltaQueueTest, IsBounded) {
  make_queue(2);
  EXPECT_EQ(queue_->request(job("1")), DeltaQueue::State::pending);
  EXPECT_EQ(queue_->request(job("2")), DeltaQueue::State::pending);
  EXPECT_EQ(queue_->request(job("3")), DeltaQueue::State::refused);
  EXPECT_EQ(queue_->counters().refused, 1u);
  finish(2);
  EXPECT_EQ(queue_->request(job("3")), DeltaQueue::State::pending);
}

TEST_F(DeltaQueueTest, DropsWhatWaitsWhenItStops) {
  make_queue(10);
  (void)queue_->request(job("1"));
  (void)queue_->request(job("2"));
  queue_->stop();
  finish(2);
  EXPECT_LE(calls_, 1);
  EXPECT_EQ(queue_->request(job("3")), DeltaQueue::State::refused);
}

TEST_F(DeltaQueueTest, MayGoBeforeItsJobsAreConcluded) {
  make_queue(10);
  (void)queue_->request(job("1"));
  gate_.set_value();
  queue_.reset();
  loop_.run();
  EXPECT_TRUE(finished_.empty());
}

}  // namespace
}  // namespace stratus::server
