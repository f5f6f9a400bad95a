#include "stratus/net/http_message.hpp"

#include <gtest/gtest.h>

namespace stratus::net {
namespace {

struct RangeCase {
  const char* field;
  std::uint64_t size;
  RangeVerdict verdict;
  std::uint64_t first = 0;
  std::uint64_t length = 0;
};

TEST(ParseRange, FollowsRfc9110) {
  const RangeCase cases[] = {
      {"bytes=0-0", 10, RangeVerdict::partial, 0, 1},
      {"bytes=2-5", 10, RangeVerdict::partial, 2, 4},
      {"Bytes=2-", 10, RangeVerdict::partial, 2, 8},
      {"bytes=-3", 10, RangeVerdict::partial, 7, 3},
      {"bytes=-30", 10, RangeVerdict::partial, 0, 10},
      {"bytes=5-99999999999999999999999", 10, RangeVerdict::partial, 5, 5},
      {" bytes=1-2 ", 10, RangeVerdict::partial, 1, 2},
      {"bytes=10-", 10, RangeVerdict::unsatisfiable},
      {"bytes=99999999999999999999999-", 10, RangeVerdict::unsatisfiable},
      {"bytes=-0", 10, RangeVerdict::unsatisfiable},
      {"bytes=0-", 0, RangeVerdict::unsatisfiable},
      {"bytes=5-2", 10, RangeVerdict::whole},
      {"bytes=0-1,4-5", 10, RangeVerdict::whole},
      {"bytes=", 10, RangeVerdict::whole},
      {"bytes=-", 10, RangeVerdict::whole},
      {"bytes=a-b", 10, RangeVerdict::whole},
      {"bytes=+1-2", 10, RangeVerdict::whole},
      {"bytes 0-1", 10, RangeVerdict::whole},
      {"lines=0-1", 10, RangeVerdict::whole},
      {"", 10, RangeVerdict::whole},
  };
  for (const RangeCase& c : cases) {
    ByteRange range{};
    EXPECT_EQ(parse_range(c.field, c.size, range), c.verdict) << c.field;
    if (c.verdict != RangeVerdict::partial) continue;
    EXPECT_EQ(range.first, c.first) << c.field;
    EXPECT_EQ(range.length, c.length) << c.field;
  }
  ByteRange range{};
  EXPECT_EQ(parse_range(std::nullopt, 10, range), RangeVerdict::whole);
}

TEST(PercentCoding, GoesBothWaysAndRefusesNonsense) {
  const std::string text = "a b/c:ü~é+%";
  EXPECT_EQ(percent_decode(percent_encode(text)), text);
  EXPECT_EQ(percent_encode("fleet/app:1"), "fleet%2Fapp%3A1");
  for (const char* const bad : {"%", "%4", "%zz", "a%00b", "%-1"})
    EXPECT_EQ(percent_decode(bad), std::nullopt) << bad;
}

TEST(Query, FindsDecodesAndKeepsPlus) {
  RequestHead head;
  head.target = "/p?a=1&b=x%20y&empty&t=application/a+b&bad=%zz&a=2";
  EXPECT_EQ(head.query("a"), "1");
  EXPECT_EQ(head.query("b"), "x y");
  EXPECT_EQ(head.query("empty"), "");
  EXPECT_EQ(head.query("t"), "application/a+b");
  EXPECT_EQ(head.query("bad"), std::nullopt);
  EXPECT_EQ(head.query("none"), std::nullopt);
  head.target = "/p";
  EXPECT_EQ(head.query("a"), std::nullopt);
}

TEST(Headers, CompareNamesWithoutCase) {
  Headers headers;
  headers.add("X-One", "1");
  headers.add("x-one", "2");
  EXPECT_EQ(headers.get("X-ONE"), "1");
  headers.set("x-ONE", "3");
  EXPECT_EQ(headers.all().size(), 1u);
  EXPECT_EQ(headers.get("X-One"), "3");
}

TEST(ListContains, KnowsQualityZero) {
  EXPECT_TRUE(list_contains("gzip, br", "br"));
  EXPECT_TRUE(list_contains("BR;q=0.5", "br"));
  EXPECT_FALSE(list_contains("br;q=0, gzip", "br"));
  EXPECT_FALSE(list_contains("br; q=0.000", "br"));
  EXPECT_FALSE(list_contains("gzip", "br"));
  EXPECT_FALSE(list_contains("", "br"));
}

}  // namespace
}  // namespace stratus::net
