#include "stratus/gateway/config.hpp"

#include <gtest/gtest.h>

namespace stratus::gateway {
namespace {

TEST(ByteSize, IsANumberWithADecimalUnit) {
  EXPECT_EQ(parse_byte_size("0").value(), 0u);
  EXPECT_EQ(parse_byte_size("1000000").value(), 1'000'000u);
  EXPECT_EQ(parse_byte_size("64K").value(), 64'000u);
  EXPECT_EQ(parse_byte_size("500MB").value(), 500'000'000u);
  EXPECT_EQ(parse_byte_size("1.5G").value(), 1'500'000'000u);
  for (const char* const bad : {"", "G", "-1", "10X", "10GG", "1e3", "9999999P", "inf", "nan", " 1", "1 G"})
    EXPECT_FALSE(parse_byte_size(bad)) << bad;
}

TEST(GatewayConfig, WantsAPlainUpstreamUrl) {
  for (const char* const bad :
       {"", "https://", "http:///", "updates.example", "ftp://a", "https://a?x", "https://u@a"}) {
    GatewayConfig config;
    config.upstream = bad;
    EXPECT_FALSE(complete(config)) << bad;
  }
  GatewayConfig config;
  config.upstream = "https://a:8443//";
  ASSERT_TRUE(complete(config));
  EXPECT_EQ(config.upstream, "https://a:8443");
  EXPECT_FALSE(config.name.empty());
  config.name = "two words";
  EXPECT_FALSE(complete(config));
}

}  // namespace
}  // namespace stratus::gateway
