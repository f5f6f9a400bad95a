#include "stratus/net/listen_address.hpp"

#include <gtest/gtest.h>

namespace stratus::net {
namespace {

TEST(ListenAddress, IsAnAddressAndAPort) {
  EXPECT_EQ(parse_listen_address("127.0.0.1:0")->port, 0);
  EXPECT_EQ(parse_listen_address("[::1]:8443")->address, "::1");
  for (const char* bad : {"", "8443", ":8443", "a:", "a:x", "a:70000", "a:1x"})
    EXPECT_FALSE(parse_listen_address(bad)) << bad;
}

TEST(ListenAddress, BecomesAUrlForThisMachine) {
  EXPECT_EQ(local_url(true, "0.0.0.0", 8443), "https://127.0.0.1:8443");
  EXPECT_EQ(local_url(false, "::", 1), "http://127.0.0.1:1");
  EXPECT_EQ(local_url(false, "::1", 1), "http://[::1]:1");
}

}  // namespace
}  // namespace stratus::net
