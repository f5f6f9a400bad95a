#include "stratus/sim/tally.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace stratus::sim {
namespace {

TEST(Histogram, KnowsPercentilesWithinABucket) {
  Histogram times;
  for (std::uint64_t ms = 1; ms <= 10'000; ++ms) times.record(ms);
  EXPECT_EQ(times.count(), 10'000u);
  EXPECT_EQ(times.max(), 10'000u);
  EXPECT_NEAR(times.mean(), 5000.5, 0.01);
  EXPECT_NEAR(static_cast<double>(times.percentile(50)), 5'000, 320);
  EXPECT_NEAR(static_cast<double>(times.percentile(99)), 9'900, 620);
  EXPECT_EQ(times.percentile(0), 1u);
  EXPECT_LE(times.percentile(100), 10'000u);
}

TEST(Histogram, TakesAnyTime) {
  Histogram times;
  times.record(0);
  times.record(UINT64_MAX / 2);
  EXPECT_EQ(times.percentile(1), 0u);
  EXPECT_EQ(Histogram().percentile(50), 0u);
}

Tally sample() {
  Tally tally;
  tally.devices = 10;
  tally.succeeded = 6;
  tally.rolled_back = 2;
  tally.bytes = 12'345;
  tally.partial = {3, 2};
  tally.rollback = {2, 2};
  tally.download.record(120);
  tally.download.record(7);
  tally.update.record(90'000);
  tally.count_cause("power");
  tally.count_cause("power");
  return tally;
}

TEST(Tally, ComesThroughAPipeAsItWas) {
  const Tally tally = sample();
  const auto read = parse_tally(encode_tally(tally));
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(encode_tally(*read), encode_tally(tally));
  for (const char* const bad : {"", "{}", "[]", "{\"devices\":-1}"}) EXPECT_FALSE(parse_tally(bad)) << bad;
}

TEST(Tally, AddsUp) {
  Tally sum = sample();
  sum.add(sample());
  EXPECT_EQ(sum.devices, 20u);
  EXPECT_EQ(sum.partial.needed, 6u);
  EXPECT_EQ(sum.download.count(), 4u);
  EXPECT_EQ(sum.causes.at("power"), 4u);
}

TEST(Tally, KeepsABoundedNumberOfCauses) {
  Tally tally;
  for (int i = 0; i < 1'000; ++i) tally.count_cause("cause " + std::to_string(i));
  EXPECT_LE(tally.causes.size(), Tally::kMaxCauses + 1);
  EXPECT_EQ(tally.causes.at("others"), 1'000 - Tally::kMaxCauses);
  Tally sum;
  sum.add(tally);
  sum.add(tally);
  EXPECT_LE(sum.causes.size(), Tally::kMaxCauses + 1);
}

TEST(Tally, TellsEachKindOfRecoveryApart) {
  const auto report = boost::json::parse(report_json(sample(), 1.5)).as_object();
  const auto& recovery = report.at("recovery").as_object();
  EXPECT_NEAR(recovery.at("partial_download").as_object().at("rate").as_double(), 2.0 / 3, 1e-9);
  EXPECT_EQ(recovery.at("rollback").as_object().at("rate").as_double(), 1);
  EXPECT_EQ(report.at("success_rate").as_double(), 0.75);
  EXPECT_EQ(report.at("causes").as_object().at("power").as_int64(), 2);
  const auto nothing = boost::json::parse(report_json(Tally(), 0)).as_object();
  EXPECT_TRUE(nothing.at("success_rate").is_null());
}

}  // namespace
}  // namespace stratus::sim
