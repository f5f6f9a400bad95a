#include "stratus/gateway/courier.hpp"

#include <gtest/gtest.h>

namespace stratus::gateway {
namespace {

TEST(Delivery, IsTakenOnlyByTheServersOwnWord) {
  EXPECT_EQ(judge_delivery(204), Delivery::taken);
  EXPECT_EQ(judge_delivery(200), Delivery::again);  // a portal's page
  EXPECT_EQ(judge_delivery(302), Delivery::again);
}

TEST(Delivery, IsGivenUpOnlyWhenItCanNeverSucceed) {
  for (const int status : {400, 404, 405, 409, 413, 422})
    EXPECT_EQ(judge_delivery(status), Delivery::rejected);
  for (const int status : {401, 403, 408, 429, 500, 502, 503, 507}) {
    EXPECT_EQ(judge_delivery(status), Delivery::again);
  }
}

}  // namespace
}  // namespace stratus::gateway
