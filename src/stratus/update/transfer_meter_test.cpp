#include "stratus/update/transfer_meter.hpp"

#include <gtest/gtest.h>

namespace stratus::update {
namespace {

using Time = TransferMeter::Time;

TEST(TransferMeter, TellsSpeedAndTimeLeft) {
  TransferMeter meter;
  meter.begin(1'000, 0, Time(0));
  for (int i = 1; i <= 4; ++i) meter.advance(static_cast<std::uint64_t>(i) * 100, Time(i * 1'000));
  EXPECT_EQ(meter.reading(Time(4'000)), (TransferReading{400, 1'000, 40, 100, 6}));
}

TEST(TransferMeter, WhatWasHereBeforeCountsAsHereAndNotAsSpeed) {
  TransferMeter meter;
  meter.begin(1'000, 900, Time(0));
  EXPECT_EQ(meter.reading(Time(1'000)), (TransferReading{900, 1'000, 90, 0, 0}));
  meter.advance(950, Time(1'000));
  EXPECT_EQ(meter.reading(Time(1'000)), (TransferReading{950, 1'000, 95, 50, 1}));
}

TEST(TransferMeter, AStalledLinkIsSlowerAndSlower) {
  TransferMeter meter;
  meter.begin(1'000'000, 0, Time(0));
  for (int i = 1; i <= 20; ++i) meter.advance(static_cast<std::uint64_t>(i) * 1'000, Time(i * 100));
  EXPECT_EQ(meter.reading(Time(2'000)).speed, 10'000u);
  EXPECT_EQ(meter.reading(Time(4'000)).speed, 5'000u);
  EXPECT_EQ(meter.reading(Time(20'000)).speed, 0u);
  EXPECT_EQ(meter.reading(Time(20'000)).eta_s, 0u) << "unknown";
}

TEST(TransferMeter, OnlyTheLastSecondsCount) {
  TransferMeter meter;
  meter.begin(10'000'000, 0, Time(0));
  std::uint64_t here = 0;
  for (int i = 1; i <= 100; ++i) meter.advance(here += 100'000, Time(i * 100));
  TransferMeter slow;
  slow.begin(10'000'000, 0, Time(0));
  here = 0;
  for (int i = 1; i <= 100; ++i) slow.advance(here += i <= 20 ? 100'000 : 100, Time(i * 100));
  EXPECT_EQ(meter.reading(Time(10'000)).speed, 1'000'000u);
  EXPECT_LT(slow.reading(Time(10'000)).speed, 30'000u);
}

TEST(TransferMeter, APercentageNeverRoundsUpAndNothingIsNothing) {
  TransferMeter meter;
  EXPECT_EQ(meter.reading(Time(5)), TransferReading{});
  meter.begin(100'000, 0, Time(0));
  meter.advance(99'999, Time(10));
  EXPECT_EQ(meter.reading(Time(10)).percent, 99u);
  meter.advance(200'000, Time(20));
  EXPECT_EQ(meter.reading(Time(20)).percent, 100u);
  meter.advance(10, Time(30));  // what came was wrong
  EXPECT_EQ(meter.reading(Time(1'030)), (TransferReading{10, 100'000, 0, 0, 0}));
}

}  // namespace
}  // namespace stratus::update
