#include "stratus/db/filter.hpp"

#include <gtest/gtest.h>

namespace stratus::db {
namespace {

Filter parsed(std::string_view text) {
  auto filter = parse_filter(text);
  EXPECT_TRUE(filter) << text << ": " << filter.error().text();
  return filter ? *filter : Filter{};
}

TEST(Filter, ReadsTermsOfEveryKind) {
  const Filter filter = parsed(
      " region=seoul,busan tag.site=3 !state=failed text~\"a \\\"b\\\" c\" seen>=90m active!=yes foo "
      "group=- ");
  ASSERT_EQ(filter.terms.size(), 8u);
  EXPECT_EQ(filter.terms[0].field, FilterField::region);
  EXPECT_EQ(filter.terms[0].values, (std::vector<std::string>{"seoul", "busan"}));
  EXPECT_EQ(filter.terms[1].key, "site");
  EXPECT_TRUE(filter.terms[2].negated);
  EXPECT_EQ(filter.terms[3].values.front(), "a \"b\" c");
  EXPECT_EQ(filter.terms[4].op, FilterOperator::greater_equal);
  EXPECT_EQ(filter.terms[4].age_ms, 90 * 60'000);
  EXPECT_TRUE(filter.terms[5].negated);
  EXPECT_EQ(filter.terms[6].field, FilterField::text);
  EXPECT_EQ(filter.terms[6].op, FilterOperator::contains);
  EXPECT_EQ(filter.terms[7].values.front(), "");
  EXPECT_TRUE(parsed("").terms.empty());
  EXPECT_FALSE(parsed("!id!=x").terms.front().negated);  // twice is not at all
}

TEST(Filter, ItsCanonicalTextMeansTheSame) {
  for (const char* text : {"region=seoul,- tag.a-b.c!~x,y", "!text~\"\\\\\" created<0s", "한국 id~\"-\"",
                           "active=yes,no", "http://x", "a=b=c", "label=\"=\""}) {
    const auto filter = parse_filter(text);
    if (!filter) continue;
    EXPECT_EQ(*filter, parsed(format_filter(*filter))) << text << " → " << format_filter(*filter);
  }
}

TEST(Filter, RefusesWhatItDoesNotUnderstand) {
  for (const char* text : {"color=red",    "region~seoul",
                           "region=",      "region=a,",
                           "region=a,,b",  "seen=5m",
                           "seen>5",       "seen>5x",
                           "seen>5m,6m",   "seen>99999999999d",
                           "active=maybe", "state<3",
                           "tag.=x",       "id=\"x",
                           "id=\"x\"y",    "id=\"\\n\"",
                           "id=a\"b\"",    "!",
                           "text~-",       "tag.0123456789012345678901234567890123=1"}) {
    const auto refused = parse_filter(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().code(), ErrorCode::invalid);
    EXPECT_TRUE(refused.error().text().starts_with("filter: ")) << refused.error().text();
  }
  EXPECT_FALSE(parse_filter(std::string("id=a\0b", 6)));
  EXPECT_FALSE(parse_filter(std::string(5000, 'a')));
  std::string many;
  for (int i = 0; i < 33; ++i) many += "a ";
  EXPECT_FALSE(parse_filter(many));
  std::string values = "id=a";
  for (int i = 0; i < 100; ++i) values += ",a";
  EXPECT_FALSE(parse_filter(values));
}

}  // namespace
}  // namespace stratus::db
