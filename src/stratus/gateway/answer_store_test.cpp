#include "stratus/gateway/answer_store.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "stratus/base/file.hpp"
#include "stratus/base/temporary_directory_testing.hpp"
#include "stratus/crypto/sha256.hpp"

namespace stratus::gateway {
namespace {

AnswerPointer answer(std::string body) {
  return std::make_shared<Answer>(Answer{200, "application/json", "sha256:x", "<l>", "", std::move(body)});
}

TEST(AnswerStore, SurvivesARestartButWantsToBeAskedAgain) {
  const testing::TemporaryDirectory directory;
  {
    AnswerStore store(directory.path(), {});
    ASSERT_TRUE(store.load());
    store.keep("a", answer("1"));
    store.keep("a", answer("2"));
    store.keep("b", answer("3"));
    store.drop("b");
    store.join();
  }
  std::ofstream(directory / "torn") << "{";
  AnswerStore store(directory.path(), {});
  ASSERT_TRUE(store.load());
  ASSERT_NE(store.find("a"), nullptr);
  EXPECT_EQ(store.find("a")->answer->body, "2");
  EXPECT_GT(system_clock().steady() - store.find("a")->fetched, std::chrono::hours(1));
  EXPECT_EQ(store.find("b"), nullptr);
  EXPECT_FALSE(std::filesystem::exists(directory / "torn"));
}

TEST(AnswerStore, ForgetsWhatWasAskedForLongestAgo) {
  const testing::TemporaryDirectory directory;
  AnswerStore store(directory.path(), {2, 1u << 20});
  ASSERT_TRUE(store.load());
  std::vector<std::string> dropped;
  store.on_drop([&](const std::string& key) { dropped.push_back(key); });
  store.keep("a", answer("1"));
  store.keep("b", answer("2"));
  (void)store.find("a");
  store.keep("c", answer("3"));
  EXPECT_EQ(dropped, std::vector<std::string>{"b"});
  EXPECT_NE(store.find("a"), nullptr);
  store.join();
  EXPECT_FALSE(std::filesystem::exists(directory / sha256(std::string_view("b")).hex()));
}

TEST(AnswerStore, IsBoundedInBytes) {
  const testing::TemporaryDirectory directory;
  AnswerStore store(directory.path(), {100, 10'000});
  ASSERT_TRUE(store.load());
  store.keep("a", answer(std::string(6'000, 'x')));
  store.keep("b", answer(std::string(6'000, 'x')));
  EXPECT_EQ(store.count(), 1u);
  EXPECT_NE(store.find("b"), nullptr);
}

TEST(AnswerStore, GroupsKeysByWhatTheyAreAbout) {
  EXPECT_EQ(group_of_key("next a/b -"), "next a/b");
  EXPECT_EQ(group_of_key("next a/b 00ff"), "next a/b");
  EXPECT_EQ(group_of_key("get /v2/a/b/manifests/1"), "get a/b");
  EXPECT_EQ(group_of_key("get /v2/a/b/tags/list?n=3"), "get a/b");
  EXPECT_EQ(group_of_key("get /v2/a/b/referrers/sha256:00?artifactType=x"), "get a/b");
  EXPECT_EQ(group_of_key("get /v2/"), "get ");
}

TEST(AnswerStore, AFloodAboutOneThingLeavesTheOthers) {
  const testing::TemporaryDirectory directory;
  AnswerStore store(directory.path(), {.count = 20, .per_asker = 100});
  store.keep("next quiet -", answer("1"));
  store.keep("next quiet 1", answer("2"));
  for (int i = 0; i < 500; ++i) store.keep("next loud " + std::to_string(i), answer("x"), "d");
  for (int i = 0; i < 500; ++i) store.keep("get /v2/loud/tags/list?n=" + std::to_string(i), answer("x"));
  EXPECT_NE(store.find("next quiet -"), nullptr);
  EXPECT_NE(store.find("next quiet 1"), nullptr);
  EXPECT_NE(store.find("next loud 499"), nullptr);
  EXPECT_EQ(store.count(), 20u);
}

TEST(AnswerStore, ALargeFloodLeavesTheOthersToo) {
  const testing::TemporaryDirectory directory;
  AnswerStore store(directory.path(), {.bytes = 100'000});
  store.keep("next quiet -", answer("1"));
  for (int i = 0; i < 50; ++i)
    store.keep("get /v2/loud/manifests/" + std::to_string(i), answer(std::string(9'000, 'x')));
  EXPECT_NE(store.find("next quiet -"), nullptr);
}

TEST(AnswerStore, OneDeviceOwnsAHandful) {
  const testing::TemporaryDirectory directory;
  AnswerStore store(directory.path(), {});
  store.keep("next a 1", answer("1"), "good");
  store.keep("next a 2", answer("2"), "bad");
  store.note_asker("next a 2", "bad");
  store.note_asker("next a 2", "good");  // wanted by both: not counted any more
  for (int i = 10; i < 100; ++i) store.keep("next a " + std::to_string(i), answer("x"), "bad");
  EXPECT_EQ(store.count(), 2u + 8u);
  EXPECT_NE(store.find("next a 1"), nullptr);
  EXPECT_NE(store.find("next a 2"), nullptr);
  EXPECT_NE(store.find("next a 99"), nullptr);
  EXPECT_EQ(store.find("next a 91"), nullptr);
}

TEST(AnswerStore, KnowsWhatItLearntLast) {
  const testing::TemporaryDirectory directory;
  std::uint64_t next = 0;
  {
    AnswerStore store(directory.path(), {});
    ASSERT_TRUE(store.load());
    store.keep("a", answer("1"));
    store.keep("b", answer("2"));
    store.keep("a", answer("1"));  // confirmed: later than b, though nothing changed
    EXPECT_GT(store.find("a")->order, store.find("b")->order);
    store.persist("a");
    next = store.next_order();
    store.join();
  }
  AnswerStore store(directory.path(), {});
  ASSERT_TRUE(store.load());
  EXPECT_GT(store.find("a")->order, store.find("b")->order);
  EXPECT_EQ(store.next_order(), next);
}

}  // namespace
}  // namespace stratus::gateway
