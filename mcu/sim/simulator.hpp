// Proof by exhaustion that no power cut harms a device: whole updates, cut at every flash operation.
//
// One run: a device with version 1 (confirmed), an older valid version 0 in the other slot, a journal filled
// to a chosen level, and a server that offers version 2. Boot, download, stage, trial, accept or give up,
// until the device has settled, with the power cut at given operations. After every life the invariants are
// checked; see docs/mcu.md. All random choices come from the run's seed.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/sim_flash.hpp"

namespace stratus::mcu::sim {

struct Geometry {
  const char* name;
  std::uint32_t sector, align;
  std::uint32_t image_size;  // payload; more than one mark
};
const Geometry& small_sectors();  // 4 KiB erased, 16 B programmed at once
const Geometry& large_sectors();  // 256 KiB, 4 B

enum class Scenario : std::uint8_t {
  good,       // version 2 works and is accepted
  crash,      // it never gets as far as accepting
  self_test,  // it rejects itself
  corrupt,    // the first two downloads arrive damaged
  bit_rot,    // flash loses a bit between staging and the first boot
  retarget,   // the server changes its mind in the middle of the download
  wrong_key,  // version 2 is signed by somebody else
};
inline constexpr std::array kScenarios = {Scenario::good,     Scenario::crash,   Scenario::self_test,
                                          Scenario::corrupt,  Scenario::bit_rot, Scenario::retarget,
                                          Scenario::wrong_key};
const char* scenario_name(Scenario scenario);

struct Cut {
  std::uint64_t after;  // operations after the cut before (or the start)
  CutModel model;
};

struct Outcome {
  std::string failure;  // empty: all invariants held
  std::uint64_t operations = 0;
  unsigned boots = 0;
};

// Everything that is the same for the runs of one geometry and fill level.
class World {
 public:
  World(const Geometry& geometry, std::uint32_t journal_records);
  ~World();
  Outcome run(Scenario scenario, const std::vector<Cut>& cuts, unsigned seed) const;

  struct Parts;

 private:
  std::unique_ptr<Parts> parts_;
};

struct Campaign {
  bool exhaustive = false;  // every operation of every scenario, not a sample
  unsigned thin = 1;        // sample this many times thinner (sanitizer builds)
  bool stop_at_failure = false;
  std::uint64_t runs = 0, failures = 0, boots = 0;
  std::vector<std::string> messages;  // the first few
  void run();
};

}  // namespace stratus::mcu::sim
