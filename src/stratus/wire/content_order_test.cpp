#include "stratus/wire/content_order.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "stratus/wire/update_kind.hpp"

namespace stratus::wire {
namespace {

const std::string kDigestText = "sha256:" + std::string(64, 'a');

std::string item(const std::string& id, const std::string& link = "/api/v1/files/x?expires=1&signature=y") {
  return fmt::format(
      R"({{"id":"{}","title":"봄","manifest":"{}","files":[{{"role":"display","name":"s.bin","digest":"{}","size":5,"link":"{}"}}]}})",
      id, kDigestText, kDigestText, link);
}

TEST(ContentOrder, ComesBackAsItWas) {
  ContentOrder order;
  order.command = "01ROLLOUT";
  order.about = *Digest::parse(kDigestText);
  order.expires_ms = 1'800'000'000'000;
  ContentItem one{"01A", "봄 할인", *Digest::parse(kDigestText), {}};
  one.files.push_back({"original", "spring.png", *Digest::parse(kDigestText), 10, "/api/v1/files/1"});
  one.files.push_back({"display", "spring.bin", *Digest::parse(kDigestText), 20, "/api/v1/files/2"});
  order.items.push_back(one);
  const auto read = parse_content_order(encode_content_order(order));
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(encode_content_order(*read), encode_content_order(order));
  EXPECT_EQ(read->items[0].files[1].link, "/api/v1/files/2");
}

TEST(ContentOrder, NobodyIsSentToAnotherHost) {
  for (const char* const link :
       {"//evil/x", "http://evil/x", "files/x", "/", "/a b", "/a\\\\b", "/a\\nb", ""}) {
    EXPECT_FALSE(parse_content_order("{\"items\":[" + item("A", link) + "]}")) << link;
  }
  EXPECT_TRUE(parse_content_order("{\"items\":[" + item("A") + "]}"));
}

TEST(ContentOrder, IdsAreWordsAndStandOnce) {
  for (const char* const id : {"", "..", "a/b", "a.b", "a,b", "\\u0000"}) {
    EXPECT_FALSE(parse_content_order("{\"items\":[" + item(id) + "]}")) << id;
  }
  EXPECT_FALSE(parse_content_order("{\"items\":[" + item("A") + "," + item("A") + "]}"));
  EXPECT_TRUE(parse_content_order("{\"items\":[" + item("A") + "," + item("B") + "]}"));
}

TEST(ContentOrder, AnEmptyListMeansToShowNothing) {
  const auto read = parse_content_order("{}");
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->items.empty());
}

TEST(UpdateKind, FollowsFromTheName) {
  EXPECT_EQ(update_kind_of("content"), UpdateKind::content);
  EXPECT_EQ(update_kind_of("firmware/board"), UpdateKind::firmware);
  for (const char* const name : {"web", "contents", "content/x", "firmware", "team/firmware/x"}) {
    EXPECT_EQ(update_kind_of(name), UpdateKind::container) << name;
  }
  EXPECT_EQ(name_of(UpdateKind::content), "content");
}

}  // namespace
}  // namespace stratus::wire
