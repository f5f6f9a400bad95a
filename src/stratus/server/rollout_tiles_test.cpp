#include "stratus/server/rollout_tiles.hpp"

#include <set>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace stratus::server {
namespace {

namespace json = boost::json;
using rollout::DeviceState;

rollout::Device device(DeviceState state, std::uint8_t percent) {
  rollout::Device made;
  made.state = state;
  made.percent = percent;
  return made;
}

TEST(RolloutTiles, EveryStateHasALetterOfItsOwn) {
  std::set<char> letters;
  for (std::size_t i = 0; i < rollout::kDeviceStates; ++i) {
    const auto state = static_cast<DeviceState>(i);
    const char letter = tile_letter(state);
    EXPECT_TRUE(letters.insert(letter).second);
    EXPECT_EQ(letter >= 'A' && letter <= 'Z', rollout::is_closed(state));
  }
}

TEST(RolloutTiles, APictureNamesEachDeviceOnce) {
  const std::string text = encode_tiles(
      "R", {{"door-1", "waiting", 0}, {"door-12", "downloading", 42}, {"door-2", "success", 100}}, "e-7");
  const json::value value = json::parse(text);
  EXPECT_EQ(value.at("prefix").as_string(), "door-");
  EXPECT_EQ(json::serialize(value.at("devices")), R"(["1","12","2"])");
  EXPECT_EQ(value.at("states").as_string(), "wdS");
  EXPECT_EQ(json::serialize(value.at("percents")), "[42]");
  EXPECT_EQ(value.at("event").as_string(), "e-7");
  EXPECT_EQ(json::parse(encode_tiles("R", {}, "")).at("states").as_string(), "");
}

TEST(RolloutTiles, AHundredThousandDevicesAreLessThanTwoMegabytes) {
  std::vector<db::RolloutTile> tiles;
  for (int i = 0; i < 100'000; ++i)
    tiles.push_back({"site-seoul-gangnam-" + std::to_string(i), "downloading", 50});
  EXPECT_LT(encode_tiles("01JD3M7A8Q2Z5V9K4T6W8X0Y1B", tiles, "e-7").size(), 2'000'000u);
}

TEST(RolloutTiles, OnlyTheLastOfADevicesChangesIsSent) {
  RolloutTiles tiles;
  tiles.note("R", 3, device(DeviceState::downloading, 10));
  tiles.note("R", 3, device(DeviceState::downloading, 20));
  tiles.note("R", 1, device(DeviceState::success, 100));
  const auto events = tiles.flush();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].topic, "tiles");
  EXPECT_EQ(events[0].json, R"({"rollout":"R","changes":[[1,"S",100],[3,"d",20]]})");
  EXPECT_TRUE(tiles.flush().empty());
}

TEST(RolloutTiles, ManyChangesAreSeveralEventsAndTooManyAreOne) {
  RolloutTiles tiles;
  for (std::uint32_t i = 0; i < RolloutTiles::kPerEvent * 3; ++i)
    tiles.note("R", 900'000 + i, device(DeviceState::downloading, 99));
  const auto events = tiles.flush();
  ASSERT_EQ(events.size(), 3u);
  for (const Event& event : events) EXPECT_LT(event.json.size(), EventBus::kMaxJson);
  for (std::uint32_t i = 0; i <= RolloutTiles::kPerEvent * RolloutTiles::kMostEvents; ++i)
    tiles.note("R", i, device(DeviceState::waiting, 0));
  const auto many = tiles.flush();
  ASSERT_EQ(many.size(), 1u);
  EXPECT_EQ(many[0].json, R"({"rollout":"R","reload":true})");
}

}  // namespace
}  // namespace stratus::server
