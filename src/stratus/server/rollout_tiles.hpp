// The tile map of a rollout: one letter a device, for a picture of 100,000 of them, and what changed since,
// at most four times a second. Pure; the owner calls flush() and says what time it is by doing so.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "stratus/db/rollouts.hpp"
#include "stratus/rollout/campaign.hpp"
#include "stratus/server/event_bus.hpp"

namespace stratus::server {

// w waiting, q requested, d downloading, i installing, c cancelling, r returning, S success, F failed,
// T timeout, C cancelled, B rolled_back, R returned: small ones are open, capitals closed.
char tile_letter(rollout::DeviceState state);

// {"rollout","event","prefix","devices":[…],"states":"wwdS…","percents":[…]}. `event`: id of the event stream
// from which `tiles` events go on. Ids are without the beginning that all have in common; percents are of the
// devices under way (q, d, i, c, r), in their order.
std::string encode_tiles(const std::string& rollout, const std::vector<db::RolloutTile>& tiles,
                         const std::string& event);

class RolloutTiles {
 public:
  static constexpr std::size_t kPerEvent = 600;   // changes; an event stays below EventBus::kMaxJson
  static constexpr std::size_t kMostEvents = 50;  // of one rollout in one flush; beyond: "read it again"
  static constexpr Millis kEvery{250};

  void note(const std::string& rollout, std::uint32_t place, const rollout::Device& device);
  // Topic "tiles": {"rollout","changes":[[place,"d",42],…]} or {"rollout","reload":true}.
  std::vector<Event> flush();

 private:
  struct Tile {
    char letter = 'w';
    std::uint8_t percent = 0;
  };
  std::map<std::string, std::map<std::uint32_t, Tile>> changed_;
};

}  // namespace stratus::server
