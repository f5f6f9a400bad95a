#include "stratus/server/fleet_news.hpp"

#include <gtest/gtest.h>

namespace stratus::server {
namespace {

db::PresenceRow row(const std::string& device, bool online) {
  db::PresenceRow made;
  made.device = device;
  made.online = online;
  made.changed_ms = 1'700'000'000'000;
  return made;
}

TEST(FleetNewsTest, PresenceNamesEachDevice) {
  const auto events = presence_news({row("a", true), row("b", false)}, false);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].topic, "devices");
  EXPECT_EQ(events[0].json, R"({"id":"a","online":true,"changed":"2023-11-14T22:13:20.000Z"})");
  EXPECT_NE(events[1].json.find(R"("online":false)"), std::string::npos);
}

TEST(FleetNewsTest, AReportTellsWhatRunsAndATargetWhatShould) {
  wire::DeviceReport report;
  report.device = "d1";
  report.name = "app";
  report.state = "committed";
  report.running_version = "2";
  const Event said = report_news(report);
  EXPECT_EQ(said.topic + " " + said.object, "devices d1");
  EXPECT_EQ(said.json, R"({"id":"d1","name":"app","state":"committed","version":"2"})");
  const Event wanted = target_news("app", "2");
  EXPECT_EQ(wanted.topic + " " + wanted.object, "releases app");
  EXPECT_EQ(wanted.json, R"({"name":"app","target":"2"})");
}

TEST(FleetNewsTest, AStormIsOneEvent) {
  std::vector<db::PresenceRow> rows(kMaxPresenceNews + 1, row("a", true));
  const auto events = presence_news(rows, false);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].json, R"({"presence":"many","count":501})");
}

TEST(FleetNewsTest, ABrokerThatForgotIsTold) {
  const auto events = presence_news({row("a", true)}, true);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].json, R"({"presence":"forgotten","count":1})");
}

TEST(FleetNewsTest, EnrolmentIsNewsOfTheDeviceRenewalIsNot) {
  wire::EnrolAnswer issued;
  issued.device = "d";
  issued.kind = "device";
  issued.region = "seoul";
  const auto first = certificate_news(issued, false);
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[0].topic, "certificates");
  EXPECT_EQ(first[1].json, R"({"id":"d","action":"enrolled","kind":"device","region":"seoul"})");
  const auto again = certificate_news(issued, true);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_NE(again[0].json.find(R"("action":"renewed")"), std::string::npos);
  issued.kind = "gateway";
  EXPECT_EQ(certificate_news(issued, false)[1].topic, "gateways");
}

TEST(FleetNewsTest, RevocationIsNewsOfBoth) {
  const auto events = revocation_news("d");
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].topic, "certificates");
  EXPECT_EQ(events[1].topic, "devices");
}

}  // namespace
}  // namespace stratus::server
