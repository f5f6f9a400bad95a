#include "stratus/wire/revocations.hpp"

#include <gtest/gtest.h>

namespace stratus::wire {
namespace {

TEST(Revocations, ComeBackAsTheyWereSent) {
  const auto parsed = parse_revocations(encode_revocations({true, {"cam-1", "cam-2"}, "PEM"}));
  ASSERT_TRUE(parsed) << parsed.error().text();
  EXPECT_TRUE(parsed->required);
  EXPECT_EQ(parsed->devices, (std::vector<std::string>{"cam-1", "cam-2"}));
  EXPECT_EQ(parsed->list, "PEM");
}

TEST(Revocations, WithoutAModeAListOrWithNamesThatAreNoneAreRefused) {
  for (const char* const text : {
           R"({"devices":[],"revocation_list":"x"})",
           R"({"identity":"maybe","devices":[],"revocation_list":"x"})",
           R"({"identity":"required","devices":[]})",
           R"({"identity":"required","devices":["a/b"],"revocation_list":"x"})",
           R"({"identity":"required","devices":[1],"revocation_list":"x"})",
           R"({"identity":"required","devices":"a","revocation_list":"x"})",
           "[]",
           "",
       }) {
    EXPECT_FALSE(parse_revocations(text)) << text;
  }
}

}  // namespace
}  // namespace stratus::wire
