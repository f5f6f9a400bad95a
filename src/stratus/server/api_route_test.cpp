#include "stratus/server/api_route.hpp"

#include <gtest/gtest.h>

namespace stratus::server {
namespace {

TEST(ApiRoute, KnowsEveryEndpoint) {
  EXPECT_EQ(parse_api_route("/api/v1/next/app").endpoint, ApiEndpoint::next);
  EXPECT_EQ(parse_api_route("/api/v1/next/a%2Fb").first, "a/b");
  EXPECT_EQ(parse_api_route("/api/v1/next/a/b").first, "a/b");
  EXPECT_EQ(parse_api_route("/api/v1/devices").endpoint, ApiEndpoint::devices);
  EXPECT_EQ(parse_api_route("/api/v1/devices/d1").first, "d1");
  EXPECT_EQ(parse_api_route("/api/v1/devices/d1/reports").endpoint, ApiEndpoint::reports);
  EXPECT_EQ(parse_api_route("/api/v1/devices/d1/data").endpoint, ApiEndpoint::data);
  EXPECT_EQ(parse_api_route("/api/v1/releases").endpoint, ApiEndpoint::releases);
  EXPECT_EQ(parse_api_route("/api/v1/releases/a%2Fb").first, "a/b");
  EXPECT_EQ(parse_api_route("/api/v1/releases/a%2Fb/versions/1.2").second, "1.2");
  EXPECT_EQ(parse_api_route("/api/v1/releases/app/target").endpoint, ApiEndpoint::target);
  EXPECT_EQ(parse_api_route("/api/v1/operations/0a").first, "0a");
  EXPECT_EQ(parse_api_route("/api/v1/gc").endpoint, ApiEndpoint::garbage);
}

TEST(ApiRoute, EverythingElseIsUnknown) {
  for (const char* path : {"", "/", "/api/v1", "/api/v1/", "/api/v1/next/", "/api/v1/next/%zz",
                           "/api/v2/devices", "/api/v1/devices/", "/api/v1/devices//reports",
                           "/api/v1/releases/a/b/c", "/api/v1/devices/d1/reports/x", "/api/v1/operations"}) {
    EXPECT_EQ(parse_api_route(path).endpoint, ApiEndpoint::unknown) << path;
  }
}

}  // namespace
}  // namespace stratus::server
