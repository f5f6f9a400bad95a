#include "stratus/sim/chance.hpp"

#include <algorithm>
#include <cmath>

namespace stratus::sim {

Chance::Chance(std::uint64_t seed, std::string_view device, std::string_view about) {
  std::uint64_t hash = 0xcbf29ce484222325 ^ seed;  // FNV-1a
  const auto feed = [&hash](std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    hash = (hash ^ 0xff) * 0x100000001b3;
  };
  feed(device);
  feed(about);
  state_ = hash;
}

std::uint64_t Chance::bits() {
  std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

double Chance::fraction() { return static_cast<double>(bits() >> 11) * 0x1p-53; }

unsigned PacketLoss::take(Chance& chance, std::uint64_t bytes) {
  if (probability_ <= 0) return 0;
  unsigned lost = 0;
  for (;;) {
    if (!drawn_) {
      const double arriving = std::log1p(-chance.fraction()) / std::log1p(-probability_);
      left_ = static_cast<std::uint64_t>(std::min(arriving, 1e12)) * kPacket + kPacket;
      drawn_ = true;
    }
    if (bytes < left_) {
      left_ -= bytes;
      return lost;
    }
    bytes -= left_;
    drawn_ = false;
    ++lost;
  }
}

Millis Pace::take(SteadyTime now, std::uint64_t bytes) {
  if (rate_ == 0) return Millis(0);
  free_at_ = std::max(free_at_, now) + std::chrono::nanoseconds(bytes * 1'000'000'000 / rate_);
  return std::chrono::duration_cast<Millis>(free_at_ - now);
}

}  // namespace stratus::sim
