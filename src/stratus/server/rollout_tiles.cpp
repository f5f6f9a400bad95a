#include "stratus/server/rollout_tiles.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace stratus::server {

char tile_letter(rollout::DeviceState state) {
  constexpr std::string_view kLetters = "wqdicrSFTCBR";
  static_assert(kLetters.size() == rollout::kDeviceStates);
  return kLetters[static_cast<std::size_t>(state)];
}

std::string encode_tiles(const std::string& rollout, const std::vector<db::RolloutTile>& tiles,
                         const std::string& event) {
  std::string prefix = tiles.empty() ? "" : tiles.front().device;
  for (const db::RolloutTile& tile : tiles) {
    const auto [end, ignored] =
        std::mismatch(prefix.begin(), prefix.end(), tile.device.begin(), tile.device.end());
    prefix.erase(end, prefix.end());
  }
  std::string devices, states, percents;
  for (std::size_t place = 0; place < tiles.size(); ++place) {
    const db::RolloutTile& tile = tiles[place];
    // Ids have no characters that JSON would escape (wire::is_device_id).
    devices +=
        fmt::format("{}\"{}\"", place == 0 ? "" : ",", std::string_view(tile.device).substr(prefix.size()));
    const auto state = rollout::device_state_named(tile.state);
    states += tile_letter(state.value_or(rollout::DeviceState::waiting));
    if (state && rollout::is_in_flight(*state))
      percents += fmt::format("{}{}", percents.empty() ? "" : ",", tile.percent);
  }
  return fmt::format(
      R"({{"rollout":"{}","event":"{}","prefix":"{}","devices":[{}],"states":"{}","percents":[{}]}})",
      rollout, event, prefix, devices, states, percents);
}

void RolloutTiles::note(const std::string& rollout, std::uint32_t place, const rollout::Device& device) {
  changed_[rollout][place] = {tile_letter(device.state), device.percent};
}

std::vector<Event> RolloutTiles::flush() {
  std::vector<Event> events;
  for (const auto& one : changed_) {
    const std::string& rollout = one.first;
    const std::map<std::uint32_t, Tile>& tiles = one.second;
    if (tiles.size() > kPerEvent * kMostEvents) {
      events.push_back({"tiles", rollout, fmt::format(R"({{"rollout":"{}","reload":true}})", rollout)});
      continue;
    }
    std::string changes;
    std::size_t count = 0;
    const auto send = [&] {
      if (count == 0) return;
      events.push_back(
          {"tiles", rollout, fmt::format(R"({{"rollout":"{}","changes":[{}]}})", rollout, changes)});
      changes.clear();
      count = 0;
    };
    for (const auto& [place, tile] : tiles) {
      changes += fmt::format(R"({}[{},"{}",{}])", count == 0 ? "" : ",", place, tile.letter, tile.percent);
      if (++count == kPerEvent) send();
    }
    send();
  }
  changed_.clear();
  return events;
}

}  // namespace stratus::server
