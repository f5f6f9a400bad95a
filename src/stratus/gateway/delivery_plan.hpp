// Which message goes to the upstream next, and when: in order for each device, any order between them, so
// that a device whose message is slow or refused for now holds up nobody else. When several devices in a row
// have no luck it is the upstream's trouble: one message at a time tries, until one gets through. Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "stratus/base/clock.hpp"

namespace stratus::gateway {

class DeliveryPlan {
 public:
  using Id = std::uint64_t;
  struct Sending {
    std::string device;
    Id id = 0;
  };

  void add(const std::string& device, Id id);
  // The next one to send now; it counts as under way until done() or failed(). nullopt: nothing before
  // wake_at() or the next change.
  std::optional<Sending> next(SteadyTime now);
  SteadyTime wake_at() const;
  void done(const Sending& sending);
  // To be sent again, after a pause that grows and is at least `least`; `chance` in [0, 1).
  void failed(const Sending& sending, SteadyTime now, Millis least, double chance);

  std::size_t under_way() const { return under_way_; }

 private:
  struct Queue {
    std::deque<Id> ids;  // the first may be under way
    unsigned failures = 0;
  };
  bool upstream_in_trouble() const;

  std::unordered_map<std::string, Queue> queues_;  // of devices with messages
  std::deque<std::string> ready_;
  std::set<std::pair<SteadyTime, std::string>> held_;
  std::set<std::string> unlucky_;  // devices that failed since the last success; no more than matter
  unsigned failures_in_a_row_ = 0;
  SteadyTime ask_again_{};
  std::size_t under_way_ = 0;
};

}  // namespace stratus::gateway
