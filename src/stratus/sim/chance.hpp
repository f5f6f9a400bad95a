// Chance that can be repeated: everything that befalls a simulated device follows from the fleet's seed, the
// device's name and what it is about. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "stratus/base/clock.hpp"

namespace stratus::sim {

class Chance {  // SplitMix64
 public:
  Chance(std::uint64_t seed, std::string_view device, std::string_view about = {});
  std::uint64_t bits();
  double fraction();  // [0, 1)
  bool happens(double probability) { return probability > 0 && fraction() < probability; }
  std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : bits() % bound; }

 private:
  std::uint64_t state_;
};

// Which packets of a stream get lost. The gap to the next loss is drawn at once, so nothing is done per
// packet.
class PacketLoss {
 public:
  explicit PacketLoss(double probability) : probability_(probability) {}
  // How many of the packets that carry the next `bytes` are lost.
  unsigned take(Chance& chance, std::uint64_t bytes);

  static constexpr std::uint64_t kPacket = 1'448;  // bytes of payload on an Ethernet

 private:
  double probability_;
  bool drawn_ = false;
  std::uint64_t left_ = 0;  // bytes that still arrive before the next loss
};

// A link of so many bytes per second.
class Pace {
 public:
  explicit Pace(std::uint64_t bytes_per_second) : rate_(bytes_per_second) {}
  // `bytes` have come: how long to wait before more may.
  Millis take(SteadyTime now, std::uint64_t bytes);

 private:
  std::uint64_t rate_;
  SteadyTime free_at_{};
};

}  // namespace stratus::sim
