#include "stratus/update/content_list.hpp"

#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace stratus::update {
namespace {

Digest digest(int number) { return *Digest::parse(fmt::format("sha256:{:064x}", number)); }

wire::ContentItem item(const std::string& id, int original, int display) {
  return {
      id,
      "title of " + id,
      digest(original * 100),
      {{"original", "a.png", digest(original), 100, "/o"}, {"display", "a.bin", digest(display), 10, "/d"}}};
}

std::uint64_t nothing(const ListedFile&) { return 0; }

TEST(ContentList, PathsKeepOnlyHarmlessExtensions) {
  const std::string hex = "files/" + digest(1).hex();
  EXPECT_EQ(content_path(digest(1), "spring.PNG"), hex + ".png");
  for (const char* const name : {"", "png", ".png", "a.", "a.p/ng", "a.p ng", "a.../../x", "a.longextension"})
    EXPECT_EQ(content_path(digest(1), name), hex) << name;
}

TEST(ContentList, TheIndexComesBackAsItWas) {
  wire::ContentOrder order;
  order.command = "R1";
  order.items = {item("A", 1, 2), item("B", 3, 4)};
  const ContentList list = list_of(order, 5);
  const auto read = parse_index(encode_index(list));
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(encode_index(*read), encode_index(list));
  EXPECT_EQ(read->ids(), (std::vector<std::string>{"A", "B"}));
  EXPECT_EQ(read->shown()[1].manifest, digest(300));
}

TEST(ContentList, AnIndexWithAnotherPathIsRefused) {
  wire::ContentOrder order;
  order.items = {item("A", 1, 2)};
  std::string text = encode_index(list_of(order, 5));
  const std::size_t at = text.find("files\\/");
  const std::size_t place = at == std::string::npos ? text.find("\"files/") + 1 : at;
  text.insert(place, "../");
  EXPECT_FALSE(parse_index(text));
}

TEST(ContentList, FetchesWhatIsMissingInOrderAndOnce) {
  wire::ContentOrder order;
  order.items = {item("A", 1, 2), item("B", 1, 4), item("C", 5, 2)};
  const ContentList list = list_of(order, 0);
  const auto has_none = [](const ListedFile&) { return false; };
  const ContentPlan all = plan_contents(list, has_none, nothing);
  std::vector<Digest> got;
  for (const ListedFile& file : all.fetch) got.push_back(file.digest);
  EXPECT_EQ(got, (std::vector<Digest>{digest(1), digest(2), digest(4), digest(5)}));
  EXPECT_EQ(all.bytes, 100u + 10 + 10 + 100);
  const auto has_first = [](const ListedFile& file) { return file.digest == digest(1); };
  const auto half = [](const ListedFile& file) { return file.size / 2; };
  const ContentPlan rest = plan_contents(list, has_first, half);
  EXPECT_EQ(rest.fetch.size(), 3u);
  EXPECT_EQ(rest.bytes_to_get, 60u);
}

TEST(ContentList, RoomIsCheckedBeforeTheFirstByte) {
  wire::ContentOrder order;
  order.items = {item("A", 1, 2)};
  const ContentList list = list_of(order, 0);
  const ContentPlan plan = plan_contents(
      list, [](const ListedFile&) { return false; }, nothing);
  EXPECT_TRUE(check_room(list, plan, 0, 110, 0));
  EXPECT_FALSE(check_room(list, plan, 0, 110, 1));
  EXPECT_FALSE(check_room(list, plan, 109, 1'000, 0));
  EXPECT_TRUE(check_room(list, plan, 110, 1'000, 0));
  order.items[0].files[0].size = ~std::uint64_t{0};
  const ContentList huge = list_of(order, 0);
  EXPECT_FALSE(check_room(huge,
                          plan_contents(
                              huge, [](const ListedFile&) { return true; }, nothing),
                          0, 1, 0));
}

}  // namespace
}  // namespace stratus::update
