// How many devices are in which state. Pure values.
#pragma once

#include <array>
#include <cstdint>

#include "stratus/rollout/states.hpp"

namespace stratus::rollout {

struct Counts {
  std::array<std::uint32_t, kDeviceStates> of{};

  std::uint32_t& operator[](DeviceState state) { return of[static_cast<std::size_t>(state)]; }
  std::uint32_t operator[](DeviceState state) const { return of[static_cast<std::size_t>(state)]; }
  bool operator==(const Counts&) const = default;

  std::uint32_t total() const {
    std::uint32_t sum = 0;
    for (const std::uint32_t one : of) sum += one;
    return sum;
  }
  std::uint32_t failures() const {
    return (*this)[DeviceState::failed] + (*this)[DeviceState::timeout] + (*this)[DeviceState::rolled_back];
  }
  std::uint32_t in_flight() const { return sum(is_in_flight); }
  std::uint32_t closed() const { return sum(is_closed); }
  std::uint32_t open() const { return total() - closed(); }

  // Rounded down: 100 only when every device is closed, 0 of 0 is 100.
  unsigned percent_closed() const {
    const std::uint64_t all = total();
    return all == 0 ? 100 : static_cast<unsigned>(std::uint64_t{closed()} * 100 / all);
  }

 private:
  std::uint32_t sum(bool (*which)(DeviceState)) const {
    std::uint32_t found = 0;
    for (std::size_t i = 0; i < kDeviceStates; ++i) found += which(static_cast<DeviceState>(i)) ? of[i] : 0;
    return found;
  }
};

}  // namespace stratus::rollout
