#include "stratus/wire/gateway_status.hpp"

#include <gtest/gtest.h>

namespace stratus::wire {
namespace {

TEST(GatewayStatus, RoundTrips) {
  GatewayStatus status;
  status.boot = "0a1b";
  status.version = "0.1.0";
  status.interval_ms = 30'000;
  status.cache_limit = 10'000'000'000;
  status.hits = 7;
  status.disk_full = 1;
  status.devices = {"door-1", "door:2"};
  const auto parsed = parse_gateway_status(encode_gateway_status(status));
  ASSERT_TRUE(parsed) << parsed.error().text();
  EXPECT_EQ(encode_gateway_status(*parsed), encode_gateway_status(status));
  EXPECT_EQ(parsed->devices, status.devices);
  EXPECT_EQ(parsed->cache_limit, status.cache_limit);
}

TEST(GatewayStatus, TheLargestOneFits) {
  GatewayStatus status;
  status.boot = std::string(32, 'f');
  status.devices.assign(GatewayStatus::kMaxDevices, std::string(64, 'd'));
  EXPECT_TRUE(parse_gateway_status(encode_gateway_status(status)));
  status.devices.emplace_back("one-more");
  EXPECT_FALSE(parse_gateway_status(encode_gateway_status(status)));
}

TEST(GatewayStatus, AbsurdIntervalsAreBroughtIntoBounds) {
  EXPECT_EQ(parse_gateway_status(R"({"boot":"a"})")->interval_ms, GatewayStatus::kMinInterval);
  EXPECT_EQ(parse_gateway_status(R"({"boot":"a","interval_ms":9999999999})")->interval_ms,
            GatewayStatus::kMaxInterval);
}

TEST(GatewayStatus, WhatIsNoStatusIsRefused) {
  for (const char* const text :
       {"", "[]", "{}", R"({"boot":""})", R"({"boot":"G"})", R"({"boot":"a","hits":-1})",
        R"({"boot":"a","hits":9007199254740992})", R"({"boot":"a","devices":["a b"]})",
        R"({"boot":"a","devices":[1]})", R"({"boot":"a","devices":{}})", R"({"boot":"a","boot":"b"})"}) {
    const auto parsed = parse_gateway_status(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code(), ErrorCode::invalid) << text;
  }
}

}  // namespace
}  // namespace stratus::wire
