#include "stratus/gateway/via.hpp"

#include <gtest/gtest.h>

namespace stratus::gateway {
namespace {

TEST(Via, GrowsByEveryGateway) {
  EXPECT_EQ(append_via("", "a"), "1.1 a");
  EXPECT_EQ(append_via("1.1 a", "b"), "1.1 a, 1.1 b");
  net::Headers headers;
  EXPECT_EQ(via_of(headers), "");
  headers.add("via", "1.1 a");
  headers.add("Other", "x");
  headers.add("Via", "HTTP/1.1 b, 1.0 c");
  EXPECT_EQ(via_of(headers), "1.1 a, HTTP/1.1 b, 1.0 c");
}

TEST(Via, NoticesACircleOfAnyLength) {
  EXPECT_TRUE(is_circle("1.1 a", "a"));
  EXPECT_TRUE(is_circle("1.1 b, 1.1 a", "a"));
  EXPECT_TRUE(is_circle("1.1 a, 1.1 b", "a"));
  EXPECT_TRUE(is_circle("1.1 b,HTTP/1.1\ta (proxy)", "a"));
  EXPECT_FALSE(is_circle("", "a"));
  EXPECT_FALSE(is_circle("1.1 ab, 1.1 b a", "a"));
  EXPECT_FALSE(is_circle("a 1.1, , 1.1", "a"));
  std::string many;
  for (int i = 0; i < 16; ++i) many = append_via(many, "x");
  EXPECT_FALSE(is_circle(many, "a"));
  EXPECT_TRUE(is_circle(append_via(many, "x"), "a"));
}

}  // namespace
}  // namespace stratus::gateway
