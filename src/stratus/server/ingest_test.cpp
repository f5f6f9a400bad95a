// When messages are written: not one by one, not later than a second, in the order in which they came.
#include "stratus/server/ingest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stratus/base/result.hpp"
#include "stratus/db/telemetry.hpp"
#include "stratus/db/testing.hpp"

namespace stratus::server {
namespace {

using ::testing::ElementsAre;

constexpr Millis kNever{3'600'000};

class IngestTest : public ::testing::Test {
 protected:
  using Test = std::function<net::Task<void>(Ingest&)>;
  void run(const IngestOptions& options, const Test& test, const Ingest::Store& store = {}) {
    Ingest ingest(
        loop_.executor(), test_.database(), options,
        [this](const Ingest::Item& item, const Result<void>& how) {
          (how ? stored_ : refused_).push_back(item.message.seq);
          changed_.notify_all();
        },
        [] {});
    if (store) ingest.on_message("log", store, {});
    net::TaskGroup tasks(loop_.executor());
    tasks.spawn(ingest.run());
    const std::function<net::Task<Result<void>>()> body = [&]() -> net::Task<Result<void>> {
      co_await test(ingest);
      co_await tasks.stop();
      co_return Result<void>();
    };
    EXPECT_TRUE(loop_.run(body()));
  }
  static void add(Ingest& ingest, std::uint64_t seq) {
    DeviceMessage message;
    message.device = "d1";
    message.kind = "log";
    message.body = "{}";
    message.keep = Keep::event;
    message.seq = seq;
    message.time_ms = message.received_ms = 1;
    ingest.add(Ingest::Item{std::move(message), {}});
  }
  net::Task<void> until_answered(std::size_t count) {
    while (stored_.size() + refused_.size() < count) {
      co_await changed_.wait();
    }
  }
  std::vector<std::int64_t> kept() {  // newest first
    std::vector<std::int64_t> seqs;
    const auto read = [&](db::Reader& reader) -> Result<void> {
      STRATUS_TRY(rows, db::list_events(reader, "d1", "", "", 0, 100));
      for (const db::EventRow& row : rows) seqs.push_back(row.seq);
      return {};
    };
    EXPECT_TRUE(test_.database().read(read));
    return seqs;
  }

  db::TestDatabase test_{db::Engine::sqlite};
  net::Loop loop_;
  net::Notifier changed_{loop_.executor()};
  std::vector<std::uint64_t> stored_, refused_;  // in the order in which it was said
};

TEST_F(IngestTest, NothingWaitsLongerThanASecond) {
  EXPECT_LE(IngestOptions().flush, Millis(1'000));
  EXPECT_LE(IngestOptions().busy_flush, Millis(1'000));
}

TEST_F(IngestTest, OneMessageAloneIsStoredAfterTheFlush) {
  IngestOptions options;
  options.flush = Millis(1);
  options.busy_flush = kNever;
  run(options, [this](Ingest& ingest) -> net::Task<void> {
    add(ingest, 1);
    co_await until_answered(1);
    EXPECT_EQ(ingest.counters().batches, 1u);
    add(ingest, 2);  // a batch of one was not busy
    co_await until_answered(2);
  });
  EXPECT_THAT(stored_, ElementsAre(1u, 2u));
}

TEST_F(IngestTest, AFullBatchIsWrittenAtOnceInOneTransactionAndInOrder) {
  IngestOptions options;
  options.flush = options.busy_flush = kNever;
  options.batch = 3;
  run(options, [this](Ingest& ingest) -> net::Task<void> {
    add(ingest, 7);
    add(ingest, 5);
    co_await net::yield_turn();
    EXPECT_EQ(ingest.waiting(), 2u);
    EXPECT_EQ(ingest.counters().batches, 0u) << "two are no batch, and it is not time yet";
    add(ingest, 6);
    co_await until_answered(3);
    EXPECT_EQ(ingest.counters().batches, 1u);
    EXPECT_EQ(ingest.waiting(), 0u);
  });
  EXPECT_THAT(stored_, ElementsAre(7u, 5u, 6u));
  EXPECT_THAT(kept(), ElementsAre(6, 5, 7));
}

TEST_F(IngestTest, WhatCannotBeKeptIsRefusedAloneAndTheOthersAreStored) {
  IngestOptions options;
  options.flush = options.busy_flush = kNever;
  options.batch = 3;
  const auto refuse_two = [](db::Transaction&,
                             std::span<const DeviceMessage* const> messages) -> Result<void> {
    for (const DeviceMessage* const message : messages) {
      if (message->seq == 2) return fail(ErrorCode::invalid, "not this one");
    }
    return {};
  };
  const Test test = [this](Ingest& ingest) -> net::Task<void> {
    for (const std::uint64_t seq : {1u, 2u, 3u}) add(ingest, seq);
    co_await until_answered(3);
    EXPECT_EQ(ingest.counters().refused, 1u);
    EXPECT_EQ(ingest.counters().stored, 2u);
  };
  run(options, test, refuse_two);
  EXPECT_THAT(stored_, ElementsAre(1u, 3u));
  EXPECT_THAT(refused_, ElementsAre(2u));
  EXPECT_THAT(kept(), ElementsAre(3, 1)) << "the refused one left nothing behind";
}

}  // namespace
}  // namespace stratus::server
