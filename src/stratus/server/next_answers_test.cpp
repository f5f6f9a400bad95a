#include "stratus/server/next_answers.hpp"

#include <atomic>
#include <future>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "stratus/crypto/sha256.hpp"

namespace stratus::server {
namespace {

class HandClock : public Clock {
 public:
  WallTime wall() const override { return {}; }
  SteadyTime steady() const override { return now; }
  SteadyTime now{std::chrono::hours(1)};
};

const Digest kTarget = sha256("target");
const Digest kOld = sha256("old"), kRetired = sha256("retired");

class NextAnswersTest : public ::testing::Test {
 protected:
  NextAnswersTest()
      : answers_(
            loop_.get_executor(), pool_, [this](const NextQuestion& question) { return read(question); },
            clock_) {
    DeltaQueueOptions options;
    options.clock = &clock_;
    queue_ = std::make_unique<DeltaQueue>(
        loop_.get_executor(), options,
        [this](const DeltaJob&) -> Result<DeltaResult> {
          ++makes_;
          return fail(ErrorCode::corrupt, "a damaged layer");
        },
        [this](const DeltaJob& job) { answers_.invalidate(job.name); });
    answers_.use_queue(*queue_);
  }

  // The store: there is a delta from kRetired only.
  Result<NextAnswer> read(const NextQuestion& question) {
    asked_.fetch_add(1);
    if (broken_) return fail(ErrorCode::unavailable, "the disk is away");
    NextAnswer answer;
    answer.next.name = question.name;
    answer.next.version = "2";
    answer.delta_bases = {kRetired};
    if (question.base == kRetired) answer.next.deltas.push_back({kRetired, kTarget, kTarget, 5});
    answer.delta_missing = question.base == kOld;
    return answer;
  }

  net::Task<void> ask_in(Digest base, bool known, Result<wire::NextRelease>& into) {
    const NextQuestion question{"app", "2", kTarget, base};
    auto text = co_await answers_.answer(question, known, "d");
    if (text) into = wire::parse_next(**text);
    if (!text) into = fail(text.error());
  }
  Result<wire::NextRelease> ask(const Digest& base, bool known) {
    Result<wire::NextRelease> result = fail(ErrorCode::internal, "no answer");
    boost::asio::co_spawn(loop_, ask_in(base, known, result), boost::asio::detached);
    loop_.restart();
    loop_.run();
    return result;
  }
  void run_until_made(int count) {
    while (makes_ < count || queue_->size() > 0) {
      loop_.restart();
      loop_.run_one_for(std::chrono::seconds(10));
    }
  }

  HandClock clock_;
  boost::asio::io_context loop_;
  net::WorkerPool pool_{"test", 2};
  std::atomic<int> asked_{0}, makes_{0};
  std::atomic<bool> broken_{false};
  NextAnswers answers_;
  std::unique_ptr<DeltaQueue> queue_;
};

TEST_F(NextAnswersTest, ManyWhoAskAtOnceAreOneReading) {
  std::vector<Result<wire::NextRelease>> results(50, fail(ErrorCode::internal, "no answer"));
  for (auto& result : results) {
    boost::asio::co_spawn(loop_, ask_in(Digest(), false, result), boost::asio::detached);
  }
  loop_.run();
  for (const auto& result : results) EXPECT_TRUE(result);
  EXPECT_EQ(asked_, 1);
  EXPECT_TRUE(ask(Digest(), false));
  EXPECT_EQ(asked_, 1);
  answers_.invalidate("app");
  EXPECT_TRUE(ask(Digest(), false));
  EXPECT_EQ(asked_, 2);
}

TEST_F(NextAnswersTest, BasesThatMeanNothingCostNothing) {
  for (int i = 0; i < 100; ++i) {
    const auto answer = ask(sha256(std::to_string(i)), false);
    ASSERT_TRUE(answer);
    EXPECT_TRUE(answer->deltas.empty());
    EXPECT_FALSE(answer->delta_pending);
  }
  EXPECT_EQ(asked_, 1);
  EXPECT_EQ(queue_->size(), 0u);
}

TEST_F(NextAnswersTest, ABaseThatWasAReleaseOnceKeepsItsDelta) {
  EXPECT_EQ(ask(kRetired, false)->deltas.size(), 1u);
  EXPECT_TRUE(ask(kOld, false)->deltas.empty());
  EXPECT_EQ(makes_, 0);  // no job for what is no release
}

TEST_F(NextAnswersTest, WhatFailedIsWantedAgainLater) {
  EXPECT_TRUE(ask(kOld, true)->delta_pending);
  run_until_made(1);
  EXPECT_FALSE(ask(kOld, true)->delta_pending);
  EXPECT_FALSE(ask(kOld, true)->delta_pending);
  EXPECT_EQ(asked_, 2);  // the second came from memory
  clock_.now += std::chrono::minutes(1);
  EXPECT_TRUE(ask(kOld, true)->delta_pending);
  run_until_made(2);
  clock_.now += std::chrono::minutes(1);
  EXPECT_FALSE(ask(kOld, true)->delta_pending);  // two minutes now
}

TEST_F(NextAnswersTest, AnErrorIsNotRemembered) {
  broken_ = true;
  EXPECT_EQ(ask(Digest(), false).error().code(), ErrorCode::unavailable);
  broken_ = false;
  EXPECT_TRUE(ask(Digest(), false));
}

}  // namespace
}  // namespace stratus::server
