// One simulated device through all its lives, and the invariants.
#pragma once

#include "sim/world.hpp"

#include "stratus/mcu/boot.hpp"

namespace stratus::mcu::sim {

class Device {
 public:
  Device(const World::Parts& parts, Scenario scenario, const std::vector<Cut>& cuts, unsigned seed);
  Outcome live();

 private:
  enum class Life { reboot, settled };
  Life one_life();
  Life download(Updater& updater);
  void boot(Journal& journal);
  void check_flash();
  void check_settled(const Record& record);
  void arm_next_cut();
  void fail(const std::string& why);
  int version_in(std::uint8_t slot, bool exactly) const;
  std::uint64_t fetch_limit() const;

  const World::Parts& parts_;
  Scenario scenario_;
  const std::vector<Cut>& cuts_;
  SimFlash flash_;
  SimCrypto crypto_;
  Outcome outcome_;
  std::size_t next_cut_ = 0;
  std::uint64_t fetched_ = 0;
  std::uint32_t floor_ = 11;
  unsigned damaged_ = 0;  // downloads so far that the network damaged
  int running_ = -1;
  int offered_ = 2;
  int trials_[5] = {};
  bool accepted_ = false;
  bool rotted_ = false;
};

}  // namespace stratus::mcu::sim
