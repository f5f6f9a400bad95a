#include "stratus/db/inventory.hpp"

#include <gtest/gtest.h>

#include "stratus/db/devices.hpp"
#include "stratus/db/testing.hpp"

namespace stratus::db {
namespace {

class InventoryTest : public EngineTest {
 protected:
  Result<void> write(const Database::Work& work) { return database().write_now(work); }
  Result<void> create(PlaceKind kind, const std::string& code, const std::string& id) {
    Place place;
    place.id = id;
    place.code = code;
    place.name = "이름 " + code;
    place.created_ms = 5;
    return write([&](Transaction& t) { return create_place(t, kind, place); });
  }
};
STRATUS_BOTH_ENGINES(InventoryTest);

TEST_P(InventoryTest, RegionsAndGroupsAreMadeFoundChangedAndRemoved) {
  for (const PlaceKind kind : {PlaceKind::region, PlaceKind::group}) {
    ASSERT_TRUE(create(kind, "seoul", "01A"));
    ASSERT_TRUE(create(kind, "busan", "01B"));
    EXPECT_EQ(create(kind, "seoul", "01C").error().code(), ErrorCode::conflict);
    EXPECT_EQ(create(kind, "Seoul", "01C").error().code(), ErrorCode::invalid);
    EXPECT_EQ(find_place(database(), kind, "seoul")->name, "이름 seoul");
    EXPECT_EQ(find_place(database(), kind, "01B")->code, "busan");
    EXPECT_EQ(find_place(database(), kind, "nowhere").error().code(), ErrorCode::not_found);
    const auto listed = list_places(database(), kind, "", 10);
    ASSERT_EQ(listed->size(), 2u);
    EXPECT_EQ(listed->front().code, "busan");
    EXPECT_EQ(list_places(database(), kind, "busan", 10)->size(), 1u);

    PlaceChange change;
    change.name = "New";
    change.tags = Tags{{"zone", "a=b"}};
    ASSERT_TRUE(write([&](Transaction& t) -> Result<void> {
      STRATUS_TRY(now, change_place(t, kind, "seoul", change, 1, 9));
      EXPECT_EQ(now.revision, 2);
      return {};
    }));
    const auto changed = find_place(database(), kind, "seoul");
    EXPECT_EQ(changed->tags, (Tags{{"zone", "a=b"}}));
    EXPECT_EQ(changed->changed_ms, 9);
    EXPECT_EQ(changed->code, "seoul");
    const auto stale = write([&](Transaction& t) -> Result<void> {
      STRATUS_CHECK(change_place(t, kind, "seoul", change, 1, 10));
      return {};
    });
    EXPECT_EQ(stale.error().code(), ErrorCode::conflict);
    change.code = "busan";
    const auto taken = write([&](Transaction& t) -> Result<void> {
      STRATUS_CHECK(change_place(t, kind, "seoul", change, 0, 10));
      return {};
    });
    EXPECT_EQ(taken.error().code(), ErrorCode::conflict);
    ASSERT_TRUE(write([&](Transaction& t) { return remove_place(t, kind, "busan", 0); }));
    EXPECT_EQ(list_places(database(), kind, "", 10)->size(), 1u);
  }
}

TEST_P(InventoryTest, APlaceWithDevicesStaysAndCountsThem) {
  ASSERT_TRUE(create(PlaceKind::region, "seoul", "01A"));
  for (const char* id : {"d1", "d2"}) {
    ASSERT_TRUE(write([&](Transaction& t) -> Result<void> {
      STRATUS_CHECK(create_device(t, id, 1));
      DeviceChange change;
      change.region = "seoul";
      change.active = std::string(id) == "d1";
      STRATUS_CHECK(change_device(t, id, change, 0, 2));
      return {};
    }));
  }
  const auto place = find_place(database(), PlaceKind::region, "seoul");
  EXPECT_EQ(place->devices, 2);
  EXPECT_EQ(place->inactive, 1);
  const auto kept = write([&](Transaction& t) { return remove_place(t, PlaceKind::region, "seoul", 0); });
  EXPECT_EQ(kept.error().code(), ErrorCode::conflict);
}

TEST_P(InventoryTest, FiltersAreKeptOnlyWhenTheyParse) {
  SavedFilter filter{"01F", "stale", "Not seen", "seen>1d", 1, 1, 1};
  ASSERT_TRUE(write([&](Transaction& t) { return create_filter(t, filter); }));
  EXPECT_EQ(write([&](Transaction& t) { return create_filter(t, filter); }).error().code(),
            ErrorCode::conflict);
  filter.filter = "seen>";
  EXPECT_EQ(write([&](Transaction& t) -> Result<void> {
              STRATUS_CHECK(change_filter(t, "stale", filter, 0));
              return {};
            })
                .error()
                .code(),
            ErrorCode::invalid);
  filter.filter = "seen>2d";
  ASSERT_TRUE(write([&](Transaction& t) -> Result<void> {
    STRATUS_CHECK(change_filter(t, "stale", filter, 1));
    return {};
  }));
  EXPECT_EQ(find_filter(database(), "01F")->filter, "seen>2d");
  EXPECT_EQ(list_filters(database(), "", 10)->size(), 1u);
  EXPECT_EQ(write([&](Transaction& t) { return remove_filter(t, "stale", 1); }).error().code(),
            ErrorCode::conflict);
  ASSERT_TRUE(write([&](Transaction& t) { return remove_filter(t, "stale", 2); }));
  EXPECT_EQ(find_filter(database(), "stale").error().code(), ErrorCode::not_found);
}

TEST(InventoryText, TagsKeepTheirText) {
  const Tags tags{{"a", ""}, {"b.c", "x=y"}, {"site", "3 한"}};
  EXPECT_EQ(decode_tags(encode_tags(tags)), tags);
  EXPECT_TRUE(decode_tags("").empty());
  EXPECT_TRUE(check_tags(tags));
  EXPECT_FALSE(check_tags({{"", "x"}}));
  EXPECT_FALSE(check_tags({{"A", "x"}}));
  EXPECT_FALSE(check_tags({{"a", "x\ny"}}));
  EXPECT_TRUE(is_code("a-1"));
  EXPECT_FALSE(is_code("-"));
  EXPECT_FALSE(is_code(std::string(33, 'a')));
}

}  // namespace
}  // namespace stratus::db
