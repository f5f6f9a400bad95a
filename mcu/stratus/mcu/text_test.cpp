#include "stratus/mcu/text.hpp"

#include <string>

#include <gtest/gtest.h>

#include "stratus/mcu/json.hpp"

namespace stratus::mcu::text_test {
namespace {

std::string value_of(const std::string& json, const char* name) {
  Text value;
  if (!json_member({json.data(), static_cast<uint32_t>(json.size())}, name, value)) return "none";
  return {value.data, value.size};
}

TEST(McuText, WritesJson) {
  char buffer[200];
  TextWriter out(buffer, sizeof buffer);
  const uint8_t digest[32] = {0xab};
  out.open().member("a", "x\"y\n\\").member("n", 4294967295u).time_member("t", 7).time_member("none", 0);
  out.member("inner").open().member("b", 0u).close().digest_member("d", digest).close();
  EXPECT_STREQ(out.c_str(),
               "{\"a\":\"x\\\"y\\u000a\\\\\",\"n\":4294967295,\"t\":7000,\"inner\":{\"b\":0},\"d\":\"sha256:"
               "ab00000000000000000000000000000000000000000000000000000000000000\"}");
}

TEST(McuText, Base64OfEveryRemainder) {
  const std::pair<const char*, const char*> cases[] = {
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}};  // RFC 4648
  for (const auto& [plain, wanted] : cases) {
    char buffer[20];
    TextWriter out(buffer, sizeof buffer);
    out.base64(reinterpret_cast<const uint8_t*>(plain), length_of(plain));
    EXPECT_STREQ(out.c_str(), wanted);
  }
}

TEST(McuText, StopsWhenItIsFull) {
  char buffer[4];
  TextWriter out(buffer, sizeof buffer);
  out.text("abcd");
  EXPECT_TRUE(out.ok());
  EXPECT_STREQ(out.c_str(), "");  // no room for the end
  TextWriter other(buffer, sizeof buffer);
  other.text("abcde").text("f");
  EXPECT_FALSE(other.ok());
  EXPECT_EQ(other.size(), 0u);
}

TEST(McuJson, FindsMembersOfTheOutermostObject) {
  const std::string json =
      R"( { "x" : {"command":"no"} , "l":[1,{"command":"no"},"]"], "s":"a\"b", "command": "yes" ,"n":12} )";
  EXPECT_EQ(value_of(json, "command"), "yes");
  EXPECT_EQ(value_of(json, "n"), "12");
  EXPECT_EQ(value_of(json, "s"), "a\\\"b");
  EXPECT_EQ(value_of(json, "l"), R"([1,{"command":"no"},"]"])");
  EXPECT_EQ(value_of(json, "absent"), "none");
}

TEST(McuJson, SurvivesWhatIsNotJson) {
  const std::string whole = R"({"a":"x\"y","b":[1,2,{"c":3}],"command":"yes"})";
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    const std::string part = whole.substr(0, size);
    const std::string found = value_of(part, "command");
    EXPECT_TRUE(found == "none" || found == "yes" || found.front() == '"') << part;
  }
  for (const char* json :
       {"", "[", "{{", "{\"command\"", "{\"command\":", "{\"command\":}", "{\"a\":]]]]", "\\"}) {
    EXPECT_EQ(value_of(json, "command"), "none") << json;
  }
}

TEST(McuJson, ReadsNumbersOfAnArray) {
  const std::string array = "[1, 22,4294967296 ,\"x\",4294967295]";
  JsonNumbers numbers({array.data(), static_cast<uint32_t>(array.size())});
  std::string seen;
  for (uint32_t n; numbers.next(n);) seen += std::to_string(n) + " ";
  EXPECT_EQ(seen, "1 22 4294967295 ");
}

}  // namespace
}  // namespace stratus::mcu::text_test
