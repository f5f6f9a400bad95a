#include "stratus/wire/next.hpp"

#include <gtest/gtest.h>

namespace stratus::wire {
namespace {

Digest digest_of(char fill) { return *Digest::parse("sha256:" + std::string(64, fill)); }

NextRelease sample() {
  NextRelease next;
  next.name = "site/app";
  next.version = "2";
  next.manifest = R"({"layers":[]})";
  next.config = "{\"a\":\"\xed\x95\x9c\"}";
  next.signatures.push_back({"aa", "{}", {1, 2, 3}});
  next.deltas.push_back({digest_of('a'), digest_of('b'), digest_of('c'), 20'000});
  return next;
}

TEST(NextRelease, RoundTrips) {
  const Result<NextRelease> parsed = parse_next(encode_next(sample()));
  ASSERT_TRUE(parsed) << parsed.error().text();
  EXPECT_EQ(parsed->name, "site/app");
  EXPECT_EQ(parsed->manifest, sample().manifest);
  EXPECT_EQ(parsed->config, sample().config);
  ASSERT_EQ(parsed->deltas.size(), 1u);
  EXPECT_EQ(parsed->deltas[0].blob, digest_of('c'));
  EXPECT_EQ(parsed->deltas[0].size, 20'000u);
  ASSERT_EQ(parsed->signatures.size(), 1u);
  EXPECT_EQ(parsed->signatures[0].signature, (Bytes{1, 2, 3}));
  EXPECT_FALSE(parsed->delta_pending);
}

TEST(NextRelease, ACounterStandsForTheUsualPayload) {
  NextRelease next = sample();
  next.signatures = {{"aa", "", {1, 2, 3}, 1700000000}};
  const std::string text = encode_next(next);
  EXPECT_EQ(text.find("payload"), std::string::npos);
  const Result<NextRelease> parsed = parse_next(text);
  ASSERT_TRUE(parsed) << parsed.error().text();
  EXPECT_EQ(parsed->signatures.at(0).payload, "");
  EXPECT_EQ(parsed->signatures.at(0).counter, 1700000000u);
  EXPECT_FALSE(parse_next(
      R"({"name":"a","version":"1","manifest":"m","config":"c","signatures":[{"key_id":"k","signature":"AA=="}]})"));
}

TEST(NextRelease, AcceptsMembersOfANewerPeer) {
  EXPECT_TRUE(parse_next(R"({"name":"a","version":"1","manifest":"m","config":"c","later":[1]})"));
}

struct BadMessage {
  std::string text;
  std::string says;
};

class BadNext : public ::testing::TestWithParam<BadMessage> {};

TEST_P(BadNext, IsRefusedWithItsReason) {
  const Result<NextRelease> parsed = parse_next(GetParam().text);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code(), ErrorCode::invalid);
  EXPECT_NE(parsed.error().text().find(GetParam().says), std::string::npos) << parsed.error().text();
}

INSTANTIATE_TEST_SUITE_P(
    OneFaultEach, BadNext,
    ::testing::Values(
        BadMessage{"", "not JSON"}, BadMessage{"[]", "not an object"}, BadMessage{"{}", "name: missing"},
        BadMessage{R"({"name":1,"version":"1","manifest":"m","config":"c"})", "name: not a string"},
        BadMessage{R"({"name":"a","name":"b"})", "names 'name' twice"},
        BadMessage{R"({"x":{"k":1,"\u006b":2}})", "names 'k' twice"},
        BadMessage{R"({"name":"a"} {})", "not JSON"}, BadMessage{std::string(100'000, '['), "not JSON"},
        BadMessage{R"({"name":"a","version":"1","manifest":"m","config":"c","deltas":[{}]})",
                   "deltas[0].base: missing"},
        BadMessage{R"({"name":"a","version":"1","manifest":"m","config":"c","deltas":{}})",
                   "deltas: not an array"},
        BadMessage{"{\"name\":\"a\",\"version\":\"1\",\"manifest\":\"m\",\"config\":\"c\",\"deltas\":[" +
                       [] {
                         std::string many = "{}";
                         for (int i = 0; i < 300; ++i) many += ",{}";
                         return many;
                       }() +
                       "]}",
                   "deltas: more than 256"},
        BadMessage{
            R"({"name":"a","version":"1","manifest":"m","config":"c","signatures":[{"key_id":"a","payload":"p","signature":"*"}]})",
            "signatures[0].signature: not base64"},
        BadMessage{"{\"name\":\"" + std::string(300, 'a') + "\"}", "name: longer than 255"}));

TEST(NextRelease, EveryTruncationIsRefused) {
  const std::string whole = encode_next(sample());
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_FALSE(parse_next(whole.substr(0, length)));
}

}  // namespace
}  // namespace stratus::wire
