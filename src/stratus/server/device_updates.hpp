// What devices and releases say to each other over MQTT: results into the catalogue, "what is next for me?",
// and the word that there is something new. Runs on the loop.
#pragma once

#include "stratus/net/loop.hpp"
#include "stratus/net/worker_pool.hpp"
#include "stratus/server/device_link.hpp"
#include "stratus/server/releases.hpp"

namespace stratus::server {

class DeviceUpdates {
 public:
  // All must outlive it.
  DeviceUpdates(net::Executor loop, DeviceLink& link, Releases& releases, db::Catalogue& catalogue,
                net::WorkerPool& pool);

  // The target of `name` changed: tells the devices that follow it, at the link's pace.
  void announce(const std::string& name);
  net::Task<void> stop() { co_await tasks_.stop(); }

 private:
  wire::UpdateRequest request_for(const db::Target& target, const Digest& digest) const;
  net::Task<void> tell(std::string name);

  DeviceLink& link_;
  Releases& releases_;
  db::Catalogue& catalogue_;
  net::WorkerPool& pool_;
  net::TaskGroup tasks_;
};

}  // namespace stratus::server
