#include "stratus/wire/topics.hpp"

#include <gtest/gtest.h>

namespace stratus::wire {
namespace {

TEST(Topics, NamesTheDeviceAndWhatItIsAbout) {
  const auto direct = parse_device_topic("v1/dev-1/update/progress");
  ASSERT_TRUE(direct);
  EXPECT_EQ(direct->device, "dev-1");
  EXPECT_EQ(direct->suffix, "update/progress");
  EXPECT_EQ(direct->gateway, "");
  const auto behind = parse_device_topic("gw/site-7/v1/dev-1/update/progress");
  ASSERT_TRUE(behind);
  EXPECT_EQ(behind->gateway, "site-7");
  EXPECT_EQ(behind->device, "dev-1");
  EXPECT_EQ(device_topic("dev-1", "stored"), "v1/dev-1/stored");
  EXPECT_EQ(device_topic("dev-1", "stored", "site-7"), "gw/site-7/v1/dev-1/stored");
}

TEST(Topics, OldNamesMeanTheSame) {
  EXPECT_EQ(parse_device_topic("v1/d/firmware/download/request/ack")->suffix, "update/request/ack");
}

TEST(Topics, RefusesWhatIsOutsideTheTree) {
  for (const char* bad : {"", "v1", "v1/", "v1/d", "v1/d/", "v1//x", "v2/d/x", "v1/.d/x", "v1/a b/x",
                          "gw/v1/d/x", "gw/site/d/x", "gw//v1/d/x", "$SYS/x/y", "gw/s/gw/t/v1/d/x"}) {
    EXPECT_FALSE(parse_device_topic(bad)) << bad;
  }
}

}  // namespace
}  // namespace stratus::wire
