#include "stratus/gateway/api_path.hpp"

#include <gtest/gtest.h>

namespace stratus::gateway {
namespace {

TEST(ApiPath, FindsWhatTheGatewayAnswersItself) {
  EXPECT_EQ(parse_api_path("/api/v1/next/app").subject, "app");
  EXPECT_EQ(parse_api_path("/api/v1/next/team%2Fapp").subject, "team/app");
  EXPECT_EQ(parse_api_path("/api/v1/next/team/app").subject, "team/app");
  const ApiPath report = parse_api_path("/api/v1/devices/a%3Ab/reports");
  EXPECT_EQ(report.kind, ApiKind::message);
  EXPECT_EQ(report.subject, "a:b");
  EXPECT_TRUE(report.is_report);
  EXPECT_FALSE(parse_api_path("/api/v1/devices/a/data").is_report);
  EXPECT_EQ(parse_api_path("/api/v1/devices/a%3Ab/contents/next").subject, "a:b");
  EXPECT_EQ(parse_api_path("/api/v1/devices").subject, "");
}

TEST(ApiPath, FindsTheBlobBehindALink) {
  const std::string digest = "sha256:" + std::string(64, 'a');
  const ApiPath file = parse_api_path("/api/v1/files/" + digest + "/spring%20sale.bin/content");
  EXPECT_EQ(file.kind, ApiKind::file);
  EXPECT_EQ(file.subject, "content");
  EXPECT_EQ(file.digest.text(), digest);
  EXPECT_EQ(parse_api_path("/api/v1/files/" + digest + "/f/firmware/board").subject, "firmware/board");
  for (const std::string& path : {std::string(), std::string("/"), std::string("/x/y/content"), "/" + digest,
                                  "/" + digest + "/f", "/" + digest + "/f/"}) {
    EXPECT_EQ(parse_api_path("/api/v1/files" + path).kind, ApiKind::unknown) << path;
  }
}

TEST(ApiPath, PassesOnTheRest) {
  for (const char* const path : {"/api/v1/devices", "/api/v1/devices/a", "/api/v1/releases",
                                 "/api/v1/releases/a%2Fb", "/api/v1/operations/1"}) {
    EXPECT_EQ(parse_api_path(path).kind, ApiKind::readable) << path;
  }
  for (const char* const path : {"/", "/api/v1", "/api/v2/devices", "/api/v1/next", "/api/v1/next/",
                                 "/api/v1/next/%zz", "/api/v1/gc"}) {
    EXPECT_EQ(parse_api_path(path).kind, ApiKind::unknown) << path;
  }
}

}  // namespace
}  // namespace stratus::gateway
