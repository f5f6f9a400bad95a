// The devices of one process: brings them up at a pace, looks after them, says when the run is over.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "stratus/net/task.hpp"
#include "stratus/sim/profile.hpp"
#include "stratus/sim/tally.hpp"
#include "stratus/sim/world.hpp"

namespace stratus::sim {

struct RunOptions {
  std::string server;                       // URL of the server or a gateway
  std::filesystem::path ca_file;            // what vouches for it; empty: what the identities name
  std::string broker;                       // URL; empty: no MQTT, devices ask by themselves (poll)
  std::filesystem::path identities;         // directory
  std::vector<std::filesystem::path> keys;  // release keys that devices pin; none: they take any release
  std::size_t parallel = 256;               // HTTPS connections at once
  std::uint32_t connects_per_second = 500;  // devices that come up
  Goal goal;
  Millis longest{0};  // 0: until the goal, or a signal
};

// One process's share of the fleets.
class Fleet {
 public:
  static Result<std::unique_ptr<Fleet>> make(net::Executor executor, std::vector<FleetProfile> profiles,
                                             const RunOptions& options);
  ~Fleet();

  // Until every device is where the run ends, or it takes too long (`timeout`), or it is cancelled. `changed`
  // is called with the newest numbers a few times a second.
  net::Task<Result<void>> run(std::function<void(const Tally&)> changed);
  // Turns all devices off; after run() has ended, however.
  net::Task<void> stop();
  // The numbers of this moment.
  Tally tally() const;

 private:
  struct Impl;
  explicit Fleet(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The part of `profiles` that worker `number` of `workers` runs: whole devices, none twice, none left out.
std::vector<FleetProfile> share_of(const std::vector<FleetProfile>& profiles, unsigned number,
                                   unsigned workers);

// Processes that are needed for so many devices with `descriptors` each.
unsigned workers_needed(std::uint64_t devices, std::size_t descriptors, std::size_t parallel);

}  // namespace stratus::sim
