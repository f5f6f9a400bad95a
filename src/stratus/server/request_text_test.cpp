#include "stratus/server/request_text.hpp"

#include <gtest/gtest.h>

namespace stratus::server {
namespace {

TEST(RequestText, Words) {
  EXPECT_EQ(split_words(" viewer  operator "), (std::vector<std::string>{"viewer", "operator"}));
  EXPECT_TRUE(split_words("").empty());
  EXPECT_EQ(join_words({"a", "b"}), "a b");
}

TEST(RequestText, Cookies) {
  EXPECT_EQ(cookie_value("a=1; session=x=y; b=2", "session"), "x=y");
  EXPECT_EQ(cookie_value("session=1;session=2", "session"), "1");
  for (const char* field : {"", ";", "session", "xsession=1", "sessions=1", "session =1", "=1"})
    EXPECT_EQ(cookie_value(field, "session"), "") << field;
}

TEST(RequestText, Addresses) {
  EXPECT_EQ(without_port("192.0.2.1:80"), "192.0.2.1");
  EXPECT_EQ(without_port("[2001:db8::1]:80"), "2001:db8::1");
  EXPECT_EQ(without_port(""), "");
}

TEST(RequestText, ProxiesAreBelievedOnlyWhenTrusted) {
  const std::vector<std::string> trusted{"127.0.0.1", "10.0.0.1"};
  EXPECT_EQ(client_address("198.51.100.9", "192.0.2.1", trusted), "198.51.100.9");
  EXPECT_EQ(client_address("127.0.0.1", "", trusted), "127.0.0.1");
  EXPECT_EQ(client_address("127.0.0.1", "192.0.2.1", trusted), "192.0.2.1");
  EXPECT_EQ(client_address("127.0.0.1", "203.0.113.5, 192.0.2.1, 10.0.0.1", trusted), "192.0.2.1");
  EXPECT_EQ(client_address("127.0.0.1", " ,", trusted), "127.0.0.1");
  EXPECT_EQ(client_address("127.0.0.1", "192.0.2.1", {}), "127.0.0.1");
}

}  // namespace
}  // namespace stratus::server
