#include "stratus/base/json.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace stratus {
namespace {

std::string problem_of(std::string_view text) {
  const auto parsed = parse_json(text, 1'000);
  return parsed ? "" : parsed.error().text();
}

TEST(Json, NoObjectNamesAKeyTwice) {
  EXPECT_EQ(problem_of(R"({"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}]})"), "");
  for (const char* const text : {R"({"a":1,"a":1})", R"({"a":{"x":1,"y":2},"a":1})", R"({"a":1,"a":{"x":1}})",
                                 R"([{"b":[{"a":1,"a":2}]}])", R"({"a":1,"\u0061":2})"}) {
    EXPECT_NE(problem_of(text).find("names 'a' twice"), std::string::npos) << text;
  }
}

TEST(Json, ColonsAndQuotesInTextsAreNoMembers) {
  for (const char* const text :
       {R"({"a":":","b:":"\":\\"})", R"([":",{"\"":"\\"}])", R"(":")", R"({})", R"({"a":""})"})
    EXPECT_EQ(problem_of(text), "") << text;
}

TEST(Json, NoTextHoldsANul) {
  for (const char* const text : {R"("\u0000")", R"({"a":"b\u0000c"})", R"([{"a":[1,{"b":"\u0000"}]}])",
                                 R"({"\u0000":1})", R"("\u00000")"})
    EXPECT_NE(problem_of(text).find("NUL"), std::string::npos) << text;
  for (const char* const text : {R"("\\u0000")", R"({"a":"\u0001"})", R"({"\\u0000":0})"})
    EXPECT_EQ(problem_of(text), "") << text;
}

TEST(Json, SaysWhereItIsWrong) {
  EXPECT_NE(problem_of(R"({"a":1} 2)").find("at byte 8"), std::string::npos) << problem_of(R"({"a":1} 2)");
  for (const char* const text : {"", "{", R"({"a")", R"({"a":})", R"("a)", "nul", R"({"a":1}})", "\"\xff\""})
    EXPECT_NE(problem_of(text).find("not JSON"), std::string::npos) << text;
  EXPECT_NE(problem_of(std::string(40, '[') + std::string(40, ']')).find("not JSON"), std::string::npos);
  EXPECT_NE(problem_of(std::string(1'001, ' ')).find("more than the 1000"), std::string::npos);
}

}  // namespace
}  // namespace stratus
