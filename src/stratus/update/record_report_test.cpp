#include "stratus/update/record_report.hpp"

#include <gtest/gtest.h>

#include "stratus/update/digest_testing.hpp"

namespace stratus::update {
namespace {

TEST(RecordReport, TellsWhatIsTriedWhatRunsAndHowLongItTook) {
  DeviceRecord record;
  record.state = State::committed;
  record.current.version = "1";
  record.candidate.version = "2";
  record.reason = "well";
  record.plan = "delta";
  record.bytes = 7;
  record.began_ms = 100;
  const wire::DeviceReport report = report_of(record, "kiosk", "app", 130);
  EXPECT_EQ(report.device, "kiosk");
  EXPECT_EQ(report.name, "app");
  EXPECT_EQ(report.state, "committed");
  EXPECT_EQ(report.version, "2");
  EXPECT_EQ(report.running_version, "1");
  EXPECT_EQ(report.reason, "well");
  EXPECT_EQ(report.plan, "delta");
  EXPECT_EQ(report.bytes, 7u);
  EXPECT_EQ(report.time_ms, 130u);
  EXPECT_EQ(report.duration_ms, 30u);
}

TEST(RecordReport, AClockThatWentBackMakesNoEndlessDuration) {
  DeviceRecord record;
  record.began_ms = 100;
  EXPECT_EQ(report_of(record, "kiosk", "app", 50).duration_ms, 0u);
}

TEST(RecordReport, AReturnSaysForHowLongTheReleaseIsLeftAlone) {
  DeviceRecord record;
  record.state = State::rolled_back;
  record.candidate.manifest = testing::digest_of(2);
  EXPECT_EQ(report_of(record, "kiosk", "app", 50).retry_after_ms, 0u) << "nothing against the release";
  record.bad = {{record.candidate.manifest, "cut short", 80, 1}};
  EXPECT_EQ(report_of(record, "kiosk", "app", 50).retry_after_ms, 30u);
  EXPECT_EQ(report_of(record, "kiosk", "app", 90).retry_after_ms, 0u);
  record.bad = {{record.candidate.manifest, "it crashed"}};
  EXPECT_EQ(report_of(record, "kiosk", "app", 50).retry_after_ms, std::nullopt) << "for good";
  record.state = State::failed;
  record.bad.clear();
  EXPECT_EQ(report_of(record, "kiosk", "app", 50).retry_after_ms, std::nullopt) << "it did not go back";
}

}  // namespace
}  // namespace stratus::update
