#include "stratus/db/saved_views.hpp"

#include <gtest/gtest.h>

#include "stratus/db/testing.hpp"

namespace stratus::db {
namespace {

class SavedViewsTest : public EngineTest {
 protected:
  Result<void> put(const std::string& owner, const SavedView& view) {
    return database().write_now([&](Transaction& transaction) { return put_view(transaction, owner, view); });
  }
};
STRATUS_BOTH_ENGINES(SavedViewsTest);

TEST_P(SavedViewsTest, EachHasTheirOwnAndPutReplaces) {
  ASSERT_TRUE(put("u1", {"devices", "late", "filter=a", 1}));
  ASSERT_TRUE(put("u1", {"devices", "late", "filter=b", 2}));
  ASSERT_TRUE(put("u2", {"devices", "late", "filter=c", 3}));
  const auto mine = saved_views(database(), "u1");
  ASSERT_TRUE(mine);
  ASSERT_EQ(mine->size(), 1u);
  EXPECT_EQ((*mine)[0].query, "filter=b");
  const auto gone = database().write_now(
      [](Transaction& transaction) { return remove_view(transaction, "u1", "devices", "late"); });
  EXPECT_TRUE(gone);
  const auto again = database().write_now(
      [](Transaction& transaction) { return remove_view(transaction, "u1", "devices", "late"); });
  EXPECT_EQ(again.error().code(), ErrorCode::not_found);
  EXPECT_EQ(saved_views(database(), "u2")->size(), 1u);
}

TEST_P(SavedViewsTest, ThereIsABound) {
  const auto filled = database().write_now([](Transaction& transaction) -> Result<void> {
    for (std::int64_t i = 0; i < kMostViews; ++i)
      STRATUS_CHECK(put_view(transaction, "u", {"devices", std::to_string(i), "q", 1}));
    return {};
  });
  ASSERT_TRUE(filled);
  EXPECT_EQ(put("u", {"devices", "one more", "q", 1}).error().reason(), "too_many");
  EXPECT_TRUE(put("u", {"devices", "7", "changed", 2}));
  EXPECT_EQ(static_cast<std::int64_t>(saved_views(database(), "u")->size()), kMostViews);
}

}  // namespace
}  // namespace stratus::db
