#include "stratus/cli/server_connection.hpp"

#include <gtest/gtest.h>

namespace stratus::cli {
namespace {

Error refused(int status, std::string body) {
  Request request;
  request.method = "PATCH";
  request.path = "/v2/a/blobs/uploads/1";
  return refusal(request, {status, {}, std::move(body)});
}

TEST(Refusal, SaysThatTheDiskIsFullAndWhatToDo) {
  const Error full = refused(
      507,
      R"({"errors":[{"code":"UNKNOWN","message":"write /data/uploads/1: write: No space left on device"}]})");
  EXPECT_EQ(full.code(), ErrorCode::no_space);
  EXPECT_NE(full.text().find("the server's disk is full"), std::string::npos) << full.text();
  EXPECT_NE(full.text().find("`stratus gc`"), std::string::npos);
  const Error users = refused(507, R"({"detail":"there are 10,000 users already"})");
  EXPECT_EQ(users.text().find("disk"), std::string::npos) << users.text();
  EXPECT_EQ(refused(502, "").text(), "PATCH /v2/a/blobs/uploads/1: the server answered 502");
}

}  // namespace
}  // namespace stratus::cli
