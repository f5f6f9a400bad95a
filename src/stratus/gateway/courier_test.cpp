#include "stratus/gateway/courier.hpp"

#include <gtest/gtest.h>

#include "stratus/base/temporary_directory_testing.hpp"

namespace stratus::gateway {
namespace {

TEST(Delivery, IsTakenOnlyByTheServersOwnWord) {
  EXPECT_EQ(judge_delivery(204), Delivery::taken);
  EXPECT_EQ(judge_delivery(200), Delivery::again);  // a portal's page
  EXPECT_EQ(judge_delivery(302), Delivery::again);
}

TEST(Delivery, IsGivenUpWhenTheServerSaysSo) {
  for (const int status : {400, 403, 404, 405, 409, 413, 415, 422})
    EXPECT_EQ(judge_delivery(status), Delivery::rejected) << status;
  for (const int status : {401, 407, 408, 425, 429, 500, 502, 503, 507}) {
    EXPECT_EQ(judge_delivery(status), Delivery::again) << status;
  }
}

TEST(Delivery, KeepsTheOrderOfADevice) {
  EXPECT_EQ(device_of_target("/api/v1/devices/a/reports"), device_of_target("/api/v1/devices/a/data"));
  EXPECT_NE(device_of_target("/api/v1/devices/a/reports"), device_of_target("/api/v1/devices/b/reports"));
}

TEST(Delivery, WaitsAsLongAsItIsAskedTo) {
  EXPECT_EQ(pause_asked_for("7"), Millis(7'000));
  EXPECT_EQ(pause_asked_for("86400"), Millis(300'000));
  for (const char* const text : {"", "-1", "soon", "1.5", "99999999999", "Wed, 21 Oct 2015 07:28:00 GMT"}) {
    EXPECT_EQ(pause_asked_for(text), Millis(0)) << text;
  }
}

// A crowd that reports while the disk is slow must not fill the memory.
TEST(Courier, TakesABoundedAmountAtATime) {
  const testing::TemporaryDirectory directory;
  net::Loop loop;
  GatewayConfig config;
  config.upstream = "http://127.0.0.1:1";
  Upstream upstream(loop.executor(), config);
  Counters counters;
  Courier courier(loop.executor(), directory.path(), {}, upstream, counters);
  ASSERT_TRUE(courier.open(false));
  net::TaskGroup senders(loop.executor());
  const auto send = [&](int number) -> net::Task<void> {
    OutboxRecord record;
    record.target = "/api/v1/devices/" + std::to_string(number) + "/data";
    record.body.assign(15'000, 'x');
    (void)co_await courier.accept(std::move(record));
  };
  const auto crowd = [&]() -> net::Task<Result<void>> {
    for (int i = 0; i < 1'000; ++i) senders.spawn(send(i));
    co_await net::yield_turn();
    EXPECT_GT(counters.queue_refused, 700u);
    EXPECT_LT(counters.queue_refused, 800u);
    courier.start();
    co_await senders.join();
    EXPECT_EQ(counters.queued, 1'000 - counters.queue_refused);
    EXPECT_EQ(courier.depth(), counters.queued);
    co_await courier.stop();
    co_return Result<void>();
  };
  EXPECT_TRUE(loop.run(crowd()));
}

}  // namespace
}  // namespace stratus::gateway
