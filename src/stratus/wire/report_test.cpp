#include "stratus/wire/report.hpp"

#include <gtest/gtest.h>

namespace stratus::wire {
namespace {

TEST(DeviceReport, RoundTrips) {
  DeviceReport report;
  report.device = "kiosk-7";
  report.sequence = 3;
  report.name = "app";
  report.state = "rolled_back";
  report.version = "3";
  report.target = *Digest::parse("sha256:" + std::string(64, 'a'));
  report.running = *Digest::parse("sha256:" + std::string(64, 'b'));
  report.reason = "exited with status 1 after 0.2 s";
  report.plan = "delta";
  report.bytes = 22'000;
  report.duration_ms = 900;
  report.downtime_ms = 4;
  report.time_ms = 1'795'243'153'250;
  const Result<DeviceReport> parsed = parse_report(encode_report(report));
  ASSERT_TRUE(parsed) << parsed.error().text();
  EXPECT_EQ(encode_report(*parsed), encode_report(report));
  EXPECT_EQ(parsed->reason, report.reason);
  EXPECT_EQ(parsed->target, report.target);
}

TEST(DeviceReport, TellsNeverAgainFromAgainAtOnce) {
  DeviceReport report;
  report.device = "d";
  report.name = "app";
  report.state = "rolled_back";
  EXPECT_EQ(parse_report(encode_report(report))->retry_after_ms, std::nullopt);
  for (const std::uint64_t wait : {0U, 3'600'000U}) {
    report.retry_after_ms = wait;
    EXPECT_EQ(parse_report(encode_report(report))->retry_after_ms, wait);
  }
}

TEST(DeviceReport, SaysOnceWhatRunsAfterASuccess) {
  DeviceReport report;
  report.device = "d";
  report.name = "app";
  report.state = "committed";
  report.version = report.running_version = "2";
  report.target = report.running = *Digest::parse("sha256:" + std::string(64, 'a'));
  const std::string text = encode_report(report);
  EXPECT_EQ(text.find("target"), std::string::npos);
  const Result<DeviceReport> parsed = parse_report(text);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->target, report.target);
  EXPECT_EQ(parsed->version, "2");
  report.state = "failed";
  EXPECT_NE(encode_report(report).find("target"), std::string::npos);
}

TEST(DeviceReport, RefusesNegativeNumbersAndForeignIds) {
  const std::string good = R"({"device":"d","sequence":1,"name":"a","state":"committed","time_ms":1})";
  EXPECT_TRUE(parse_report(good));
  EXPECT_FALSE(parse_report(R"({"device":"d","sequence":-1,"name":"a","state":"committed","time_ms":1})"));
  EXPECT_FALSE(parse_report(R"({"device":"d","sequence":1.5,"name":"a","state":"committed","time_ms":1})"));
  EXPECT_FALSE(parse_report(R"({"device":"../d","sequence":1,"name":"a","state":"committed","time_ms":1})"));
  const auto with = [](const char* sequence, const char* time, const char* more) {
    return parse_report(std::string(R"({"device":"d","name":"a","state":"committed","sequence":)") +
                        sequence + R"(,"time_ms":)" + time + more + "}");
  };
  EXPECT_TRUE(with("9007199254740991", "253402300799999", ""));
  EXPECT_FALSE(with("9007199254740992", "1", ""));
  EXPECT_FALSE(with("9223372036854775807", "1", ""));
  EXPECT_FALSE(with("18446744073709551615", "1", ""));
  EXPECT_FALSE(with("1", "253402300800000", ""));
  EXPECT_FALSE(with("1", "1", R"(,"bytes":9007199254740992)"));
  EXPECT_FALSE(with("1", "1", R"(,"downtime_ms":1e300)"));
  EXPECT_FALSE(with("1", "1", R"(,"retry_after_ms":9007199254740992)"));
  EXPECT_FALSE(with("1", "1", R"(,"retry_after_ms":"soon")"));
  EXPECT_FALSE(parse_report(good + std::string(DeviceReport::kMaxEncoded, ' ')));
}

TEST(DeviceId, AllowsWhatPeopleNameDevices) {
  for (const char* good : {"a", "kiosk-7", "00:1B:44:11:3A:B7", "A.b_c"})
    EXPECT_TRUE(is_device_id(good)) << good;
  for (const char* bad : {"", ".", "..", "a/b", "a b", "a\n", "+", "#"})
    EXPECT_FALSE(is_device_id(bad)) << bad;
  EXPECT_FALSE(is_device_id(std::string(65, 'a')));
}

}  // namespace
}  // namespace stratus::wire
