#include "stratus/db/devices.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "stratus/db/device_history.hpp"
#include "stratus/db/device_text.hpp"
#include "stratus/db/filter_sql.hpp"
#include "stratus/db/testing.hpp"

namespace stratus::db {
namespace {

constexpr std::int64_t kNow = 10'000'000'000;

class DevicesTest : public EngineTest {
 protected:
  void opened() override {
    ASSERT_TRUE(write([](Transaction& t) -> Result<void> {
      for (const char* code : {"busan", "seoul"}) {
        Place place;
        place.id = std::string("01-") + code;
        place.code = place.name = code;
        STRATUS_CHECK(create_place(t, PlaceKind::region, place));
        STRATUS_CHECK(create_place(t, PlaceKind::group, place));
      }
      return {};
    }));
  }
  Result<void> write(const Database::Work& work) { return database().write_now(work); }
  Result<void> run(std::string_view sql, std::initializer_list<Value> values = {}) {
    return write([&](Transaction& t) -> Result<void> {
      STRATUS_CHECK(t.run(sql, values));
      return {};
    });
  }
  Result<void> add(const std::string& id, const DeviceChange& change = {}) {
    return write([&](Transaction& t) -> Result<void> {
      STRATUS_CHECK(create_device(t, id, kNow - 60'000));
      STRATUS_CHECK(change_device(t, id, change, 0, kNow));
      return {};
    });
  }
  Result<void> change(const std::string& id, const DeviceChange& change, std::int64_t revision = 0) {
    return write([&](Transaction& t) -> Result<void> {
      STRATUS_CHECK(change_device(t, id, change, revision, kNow));
      return {};
    });
  }
  // Ids of the devices that pass, joined.
  std::string passing(std::string_view filter) {
    DeviceQuery query;
    query.now_ms = kNow;
    auto parsed = parse_filter(filter);
    EXPECT_TRUE(parsed) << filter;
    query.filter = *parsed;
    const auto found = list_devices(database(), query);
    if (!found) return found.error().text();
    std::string ids;
    for (const auto& device : *found) ids += device.reported.id + " ";
    EXPECT_EQ(*count_devices(database(), *parsed, kNow), static_cast<std::int64_t>(found->size())) << filter;
    EXPECT_EQ(list_device_ids(database(), *parsed, kNow, "", 100)->size(), found->size());
    return ids.substr(0, ids.empty() ? 0 : ids.size() - 1);
  }
};
STRATUS_BOTH_ENGINES(DevicesTest);

TEST_P(DevicesTest, WhatPeopleSayOfADeviceIsKept) {
  DeviceChange all;
  all.label = "현관 50%_";
  all.region = "seoul";
  all.group = "01-busan";
  all.kind = "mcu";
  all.hardware = "esp32s3";
  all.location = "Lobby";
  all.latitude = std::optional<double>(37.5665);
  all.longitude = std::optional<double>(-126.978);
  all.time_zone = "Asia/Seoul";
  all.active = false;
  all.tags = Tags{{"site", "3"}, {"floor", "1"}};
  ASSERT_TRUE(add("d1", all));
  const auto device = find_device(database(), "d1");
  ASSERT_TRUE(device) << device.error().text();
  EXPECT_EQ(device->label, "현관 50%_");
  EXPECT_EQ(device->region, "seoul");
  EXPECT_EQ(device->group, "busan");
  EXPECT_EQ(device->kind, "mcu");
  EXPECT_EQ(*device->latitude, 37.5665);
  EXPECT_EQ(*device->longitude, -126.978);
  EXPECT_FALSE(device->active);
  EXPECT_EQ(device->tags, *all.tags);
  EXPECT_EQ(device->revision, 2);

  DeviceChange none;
  none.region = "";
  none.latitude = std::optional<double>();
  none.tags = Tags{{"site", "4"}};
  ASSERT_TRUE(change("d1", none, 2));
  EXPECT_EQ(find_device(database(), "d1")->region, "");
  EXPECT_FALSE(find_device(database(), "d1")->latitude);
  EXPECT_EQ(find_device(database(), "d1")->hardware, "esp32s3");
  EXPECT_EQ(passing("tag.site=4"), "d1");
  EXPECT_EQ(passing("tag.floor=1"), "");
  EXPECT_EQ(change("d1", none, 2).error().code(), ErrorCode::conflict);
  none.region = "nowhere";
  EXPECT_EQ(change("d1", none).error().code(), ErrorCode::not_found);
  DeviceChange wrong;
  wrong.latitude = std::optional<double>(91);
  EXPECT_EQ(change("d1", wrong).error().code(), ErrorCode::invalid);
  wrong = {};
  wrong.kind = "toaster";
  EXPECT_EQ(change("d1", wrong).error().code(), ErrorCode::invalid);
  EXPECT_EQ(change("d9", {}).error().code(), ErrorCode::not_found);
  EXPECT_EQ(add("d1").error().code(), ErrorCode::conflict);
}

TEST_P(DevicesTest, FiltersFindWhatTheySay) {
  DeviceChange seoul;
  seoul.region = "seoul";
  seoul.label = "Front Door";
  seoul.tags = Tags{{"site", "3"}};
  DeviceChange busan;
  busan.region = "busan";
  busan.group = "seoul";
  busan.hardware = "pi4";
  busan.active = false;
  busan.tags = Tags{{"site", "4"}};
  busan.label = "CAF\u00c9";
  seoul.location = "Lobby, 3rd floor";
  ASSERT_TRUE(add("a", seoul));
  ASSERT_TRUE(add("b", busan));
  ASSERT_TRUE(add("C%_x"));
  ASSERT_TRUE(
      run("UPDATE devices SET state = 'failed', running_version = '2.0', target_version = '3.0-RC', reason = "
          "'Disk full', last_seen_ms = $1 WHERE id = 'a'",
          {kNow - 7'200'000}));
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", "C%_x a b"},
      {"region=seoul", "a"},
      {"region=seoul,busan", "a b"},
      {"region=-", "C%_x"},
      {"region=seoul,-", "C%_x a"},
      {"region!=seoul", "C%_x b"},
      {"!region=-", "a b"},
      {"region=nowhere", ""},
      {"group=seoul", "b"},
      {"group!=seoul", "C%_x a"},
      {"tag.site=3,4", "a b"},
      {"tag.site!=3", "C%_x b"},
      {"tag.site=-", "C%_x"},
      {"tag.site=3,-", "C%_x a"},
      {"tag.site~3", "a"},
      {"state=failed", "a"},
      {"state=-", "C%_x b"},
      {"version=2.0", "a"},
      {"version~\"2.\"", "a"},
      {"active=no", "b"},
      {"active=yes", "C%_x a"},
      {"!active=yes,no", ""},
      {"seen>1h", "a"},
      {"seen<=1h", "C%_x b"},
      {"created<2m", "C%_x a b"},
      {"created<=59s", ""},
      {"front", "a"},
      {"FRONT", "a"},
      {"\"front d\"", "a"},
      {"%", "C%_x"},
      {"_", "C%_x"},
      {"c%", "C%_x"},
      {"!front", "C%_x b"},
      {"pi4", "b"},
      {"hardware=pi4 active=no region=busan", "b"},
      {"hardware=pi4 region=seoul", ""},
      {"id=a,b", "a b"},
      {"id~A", "a"},
      {"id=\"' OR 1=1 --\"", ""},
      {"label~\"'; DROP TABLE devices\"", ""},
      {"label~\"caf\u00c9\"", "b"},
      {"label~\"caf\u00e9\"", ""},  // as on the other engine
      {"label~DOOR,caf", "a b"},
      {"label=\"Front Door\"", "a"},
      {"label=\"front door\"", ""},
      {"label=-", "C%_x"},
      {"label~lobby", ""},
      {"!label~front", "C%_x b"},
      {"location~LOBBY", "a"},
      {"location~front", ""},
      {"location=\"Lobby, 3rd floor\",x", "a"},
      {"location=lobby,-", "C%_x b"},
      {"target~rc", "a"},
      {"target=\"3.0-RC\"", "a"},
      {"target~9", ""},
      {"reason~DISK", "a"},
      {"reason~full label~door", "a"},
      {"reason~full label~caf", ""},
      {"reason=\"Disk full\"", "a"},
      {"reason=-", "C%_x b"},
      {"reason!=-", "a"},
      {"!reason~disk", "C%_x b"},
  };
  for (const auto& [filter, expected] : cases) EXPECT_EQ(passing(filter), expected) << filter;
}

TEST_P(DevicesTest, PagesInEveryOrderShowEachDeviceOnce) {
  std::vector<std::string> ids;
  for (int i = 0; i < 23; ++i) {
    const std::string id = "d" + std::to_string(100 + i * 7 % 23);
    ids.push_back(id);
    DeviceChange change;
    change.label = "label " + std::to_string(i % 4);
    ASSERT_TRUE(add(id, change));
    ASSERT_TRUE(run("UPDATE devices SET last_seen_ms = $2, state = $3 WHERE id = $1",
                    {id, std::int64_t{i % 5}, i % 3 == 0 ? "failed" : "committed"}));
  }
  std::sort(ids.begin(), ids.end());
  for (const DeviceSort sort : {DeviceSort::id, DeviceSort::label, DeviceSort::seen, DeviceSort::state}) {
    for (const bool descending : {false, true}) {
      DeviceQuery query;
      query.sort = sort;
      query.descending = descending;
      query.limit = 4;
      std::vector<InventoryDevice> all;
      for (;;) {
        const auto page = list_devices(database(), query);
        ASSERT_TRUE(page) << page.error().text();
        all.insert(all.end(), page->begin(), page->end());
        if (page->size() < 4) break;
        query.after = position_of(page->back(), sort);
      }
      std::vector<std::string> seen;
      for (std::size_t i = 0; i < all.size(); ++i) {
        seen.push_back(all[i].reported.id);
        if (i == 0) continue;
        const auto before = position_of(all[i - 1], sort), now = position_of(all[i], sort);
        if (descending)
          EXPECT_TRUE(std::tie(now.value, now.id) < std::tie(before.value, before.id));
        else
          EXPECT_TRUE(std::tie(before.value, before.id) < std::tie(now.value, now.id));
      }
      std::sort(seen.begin(), seen.end());
      EXPECT_EQ(seen, ids);
    }
  }
}

TEST_P(DevicesTest, SearchesInLargeFleetsFindAllInOrder) {
  constexpr int kDevices = 2'500;  // more than are looked at before the whole table is
  ASSERT_TRUE(write([](Transaction& t) -> Result<void> {
    std::vector<Value> values;
    for (int i = 0; i < kDevices; ++i) {
      const std::string id = "d" + std::to_string(10'000 + i);
      values.insert(values.end(), {id, std::int64_t{1}, std::int64_t{i}, std::to_string(i * 7 % kDevices),
                                   id + (i % 100 == 0 ? "\nrare" : "\noften") + (i > 2'000 ? " late" : "")});
    }
    return t.bulk_insert("devices", {"id", "first_seen_ms", "last_seen_ms", "label", "search"}, values);
  }));
  const std::vector<std::pair<std::string, std::size_t>> wanted{{"d1", kDevices},         {"rare", 25},
                                                                {"often", kDevices - 25}, {"late", 499},
                                                                {"often late", 495},      {"no", 0}};
  for (const DeviceSort sort : {DeviceSort::id, DeviceSort::label, DeviceSort::seen}) {
    for (const auto& [text, count] : wanted) {
      DeviceQuery query;
      query.filter = *parse_filter(text);
      query.sort = sort;
      query.descending = count % 2 == 1;
      std::size_t found = 0;
      std::vector<InventoryDevice> page;
      do {
        const auto read = list_devices(database(), query);
        ASSERT_TRUE(read) << read.error().text();
        page = *read;
        for (const InventoryDevice& device : page) {
          DevicePosition here = position_of(device, sort);
          if (query.after) {
            const auto before = std::tie(query.after->value, query.after->id);
            const auto now = std::tie(here.value, here.id);
            EXPECT_TRUE(query.descending ? now < before : before < now) << text << " " << device.reported.id;
          }
          query.after = here;
          ++found;
        }
      } while (!page.empty());
      EXPECT_EQ(found, count) << text;
    }
  }
}

// As above, but by what no index has, or has in part: who passes is behind the rows that are looked at first.
TEST_P(DevicesTest, QuestionsAboutFewOfManyFindThem) {
  constexpr int kDevices = 2'500;
  ASSERT_TRUE(write([](Transaction& t) -> Result<void> {
    std::vector<Value> values;
    for (int i = 0; i < kDevices; ++i) {
      InventoryDevice device;
      device.reported.id = "d" + std::to_string(10'000 + i);
      device.label = i == 2'300 ? "Red DOOR" : "gate";
      device.location = i == 2'400 ? "door to the roof" : "hall";
      // The searched text is cut before its label.
      if (i == 2'450) device.reported.id += std::string(kMaxSearch, 'x'), device.label = "red door";
      const bool failed = i >= 2'200 && i < 2'210;
      values.insert(
          values.end(),
          {device.reported.id, std::int64_t{1}, std::int64_t{kDevices - i}, device.label, device.location,
           search_text(device), failed ? "No door " + std::to_string(i) : "", i == 2'350 ? "door-9" : "7"});
    }
    return t.bulk_insert(
        "devices",
        {"id", "first_seen_ms", "last_seen_ms", "label", "location", "search", "reason", "target_version"},
        values);
  }));
  const std::pair<std::string_view, std::size_t> wanted[] = {{"label~door", 2},
                                                             {"label~DOOR location~hall", 2},
                                                             {"label=\"red door\"", 1},
                                                             {"location~door", 1},
                                                             {"location=\"door to the roof\"", 1},
                                                             {"reason~door", 10},
                                                             {"reason=\"No door 2205\"", 1},
                                                             {"reason~door label~gate", 10},
                                                             {"reason~door label~door", 0},
                                                             {"target~door", 1},
                                                             {"target~door label~gate", 1},
                                                             {"label~window", 0}};
  for (const DeviceSort sort : {DeviceSort::id, DeviceSort::label, DeviceSort::seen}) {
    for (const auto& [text, count] : wanted) {
      DeviceQuery query;
      query.filter = *parse_filter(text);
      query.sort = sort;
      const auto read = list_devices(database(), query);
      ASSERT_TRUE(read) << text << ": " << read.error().text();
      EXPECT_EQ(read->size(), count) << text;
      EXPECT_EQ(*count_devices(database(), query.filter, kNow), static_cast<std::int64_t>(count)) << text;
    }
  }
}

TEST_P(DevicesTest, QuestionsAboutFewReadANarrowIndex) {
  if (GetParam() != Engine::sqlite) return;  // PostgreSQL decides by what the table holds
  const std::pair<std::string_view, std::string_view> cases[] = {{"label~x", "devices_scan"},
                                                                 {"location=x", "devices_scan"},
                                                                 {"target~x", "devices_scan"},
                                                                 {"reason~x", "devices_by_reason"},
                                                                 {"reason=x", "devices_by_reason"}};
  for (const auto& [text, index] : cases) {
    Condition condition(GetParam());
    condition.require(*parse_filter(text), kNow);
    const auto plan = database().run(
        "EXPLAIN QUERY PLAN SELECT d.id FROM devices d WHERE " + condition.narrowed(), condition.values());
    ASSERT_TRUE(plan) << plan.error().text();
    std::string steps;
    for (const Row row : *plan) steps += row.text(3) + "\n";
    EXPECT_NE(steps.find("COVERING INDEX " + std::string(index)), std::string::npos) << text << "\n" << steps;
  }
}

TEST_P(DevicesTest, CountsBySomething) {
  DeviceChange seoul;
  seoul.region = "seoul";
  ASSERT_TRUE(add("a", seoul));
  ASSERT_TRUE(add("b", seoul));
  DeviceChange off;
  off.active = false;
  ASSERT_TRUE(add("c", off));
  const auto regions = count_by(database(), DeviceFacet::region, {}, kNow, 10);
  ASSERT_TRUE(regions) << regions.error().text();
  ASSERT_EQ(regions->size(), 2u);
  EXPECT_EQ(regions->front().value, "seoul");
  EXPECT_EQ(regions->front().devices, 2);
  EXPECT_EQ(regions->front().inactive, 0);
  EXPECT_EQ(regions->back().value, "");
  EXPECT_EQ(regions->back().inactive, 1);
  const auto kinds = count_by(database(), DeviceFacet::kind, *parse_filter("active=yes"), kNow, 10);
  ASSERT_EQ(kinds->size(), 1u);
  EXPECT_EQ(kinds->front().value, "linux");
  EXPECT_EQ(kinds->front().devices, 2);
}

TEST_P(DevicesTest, ARemovedDeviceTakesItsHistoryAlong) {
  DeviceChange tagged;
  tagged.tags = Tags{{"a", "b"}};
  ASSERT_TRUE(add("d1", tagged));
  ASSERT_TRUE(run("INSERT INTO reports (device, sequence, received_ms, body) VALUES ('d1', 1, 1, '{}')"));
  ASSERT_TRUE(write([](Transaction& t) {
    return add_firmware_event(t, "d1", {1, "app", "2", "sha256:2", "failed", "why"});
  }));
  EXPECT_EQ(write([](Transaction& t) { return remove_device(t, "d1", 7); }).error().code(),
            ErrorCode::conflict);
  ASSERT_TRUE(write([](Transaction& t) { return remove_device(t, "d1", 2); }));
  EXPECT_EQ(find_device(database(), "d1").error().code(), ErrorCode::not_found);
  for (const char* table : {"device_tags", "device_firmware_history", "reports"}) {
    EXPECT_EQ((*database().query(std::string("SELECT COUNT(*) FROM ") + table))[0].integer(0), 0) << table;
  }
}

TEST_P(DevicesTest, LongTextsFitTheirIndexes) {
  DeviceChange longest;
  const std::string hangul = "한";
  std::string text;
  while (text.size() + 3 <= 128) text += hangul;
  longest.label = longest.hardware = longest.location = text;
  longest.tags.emplace();
  for (int i = 0; i < 32; ++i) longest.tags->emplace("k" + std::to_string(i), text);
  ASSERT_TRUE(add(std::string(64, 'd'), longest));
  const auto stored =
      run("UPDATE devices SET running_version = $1, name = $1, state = $1, target_version = $1, reason = $2",
          {std::string(255, 'v'), std::string(1'024, 'r')});
  EXPECT_TRUE(stored) << stored.error().text();
}

TEST_P(DevicesTest, ShownContentBeginsAndEnds) {
  ASSERT_TRUE(add("d1"));
  ASSERT_TRUE(add("d2"));
  const auto show = [&](const char* device, std::vector<ShownContent> now, std::int64_t at) {
    return write([&](Transaction& t) { return set_shown_contents(t, device, now, at); });
  };
  const ShownContent a{"a", "1", "sha256:a", 0, 0}, b{"b", "1", "sha256:b", 0, 0};
  ASSERT_TRUE(show("d1", {a, b}, 10));
  ASSERT_TRUE(show("d2", {a}, 10));
  ASSERT_TRUE(show("d1", {b}, 20));
  ASSERT_TRUE(show("d1", {b}, 30));
  const auto history = content_history(database(), "d1", 10);
  ASSERT_EQ(history->size(), 2u);
  EXPECT_EQ((*history)[0].content, "b");
  EXPECT_EQ((*history)[0].started_ms, 10);
  EXPECT_EQ((*history)[0].ended_ms, 0);
  EXPECT_EQ((*history)[1].ended_ms, 20);
  EXPECT_EQ(*devices_showing(database(), "a", "", 10), (std::vector<std::string>{"d2"}));
  EXPECT_EQ(passing("content=a"), "d2");
  EXPECT_EQ(passing("content=a,b"), "d1 d2");
  EXPECT_EQ(passing("content!=b"), "d2");
  EXPECT_EQ(passing("content=-"), "");
  EXPECT_EQ(*devices_showing(database(), "b", "", 10), (std::vector<std::string>{"d1"}));
}

TEST_P(DevicesTest, FirmwareHistoryIsBoundedAndNewestFirst) {
  ASSERT_TRUE(add("d1"));
  ASSERT_TRUE(write([](Transaction& t) -> Result<void> {
    for (int i = 0; i < 210; ++i) {
      STRATUS_CHECK(add_firmware_event(t, "d1", {i, "app", std::to_string(i), "", "committed", ""}));
    }
    return {};
  }));
  const auto history = firmware_history(database(), "d1", 1000);
  ASSERT_EQ(history->size(), 200u);
  EXPECT_EQ(history->front().version, "209");
  EXPECT_EQ(history->back().version, "10");
}

}  // namespace
}  // namespace stratus::db
