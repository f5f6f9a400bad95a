#include "stratus/server/cursor.hpp"

#include <gtest/gtest.h>

#include "stratus/base/result.hpp"

namespace stratus::server {
namespace {

TEST(Cursor, GoesThereAndBack) {
  for (const std::vector<std::string>& parts :
       {std::vector<std::string>{"a"}, {"", ""}, {"서울", "12:34", "x/y+z="}, {std::string(300, 'k'), "1"}}) {
    const std::string text = encode_cursor(parts);
    EXPECT_EQ(text.find_first_of("+/=%&"), std::string::npos);
    const auto back = decode_cursor(text, parts.size());
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, parts);
    EXPECT_FALSE(decode_cursor(text, parts.size() + 1));
  }
}

TEST(Cursor, AnythingElseIsRefused) {
  for (const char* text :
       {"", "!", "MQ", "MTp", "OTk6eA", "MTp4eA", "LTE6eA", "MTg0NDY3NDQwNzM3MDk1NTE2MTY6eA"}) {
    const auto parts = decode_cursor(text, 1);
    ASSERT_FALSE(parts) << text;
    EXPECT_EQ(parts.error().reason(), "bad_cursor");
  }
  EXPECT_FALSE(decode_cursor(std::string(2000, 'A'), 1));
}

}  // namespace
}  // namespace stratus::server
