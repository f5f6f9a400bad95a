// Tells the server about this gateway every now and then: its counters, and which devices were heard. Nothing
// of it is kept while the upstream is away, but the devices. Belongs to the loop's thread.
#pragma once

#include <functional>
#include <string>
#include <unordered_set>

#include "stratus/gateway/upstream.hpp"
#include "stratus/net/loop.hpp"
#include "stratus/wire/gateway_status.hpp"

namespace stratus::gateway {

class SelfReport {
 public:
  static constexpr std::size_t kMostDevices = 100'000;  // between two words
  static constexpr int kMostWords = 20;                 // at once; the other devices come with the next ones

  // Signs a word with the gateway's own key, so that another gateway can carry it; "" when it has none.
  using Sign = std::function<std::string(const std::string& body)>;
  // `fill` writes the counters. `interval` 0: nothing is ever told.
  SelfReport(Upstream& upstream, std::string name, Millis interval,
             std::function<void(wire::GatewayStatus&)> fill, Sign sign);

  void heard(const std::string& device);
  net::Task<void> run();  // until cancelled

 private:
  // Whether the server took it.
  net::Task<bool> say();
  wire::GatewayStatus next_word();

  Upstream& upstream_;
  std::string target_;
  std::string boot_;
  Millis interval_;
  std::function<void(wire::GatewayStatus&)> fill_;
  Sign sign_;
  SteadyTime started_;
  std::unordered_set<std::string> devices_;
  bool refused_ = false;
};

}  // namespace stratus::gateway
