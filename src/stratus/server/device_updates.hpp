// What devices and releases say to each other over MQTT: results into the catalogue, "what is next for me?",
// and the word that there is something new. Runs on the loop.
#pragma once

#include "stratus/net/loop.hpp"
#include "stratus/net/worker_pool.hpp"
#include "stratus/rollout/campaign.hpp"
#include "stratus/server/device_link.hpp"
#include "stratus/server/releases.hpp"

namespace stratus::server {

class DeviceUpdates {
 public:
  // Whether answers about this name differ from device to device: then a device is told to ask by HTTPS.
  using IsPersonal = std::function<bool(const std::string& name)>;
  // All must outlive it.
  DeviceUpdates(net::Executor loop, DeviceLink& link, Releases& releases, db::Catalogue& catalogue,
                net::WorkerPool& pool, IsPersonal is_personal);

  // A rollout started or gave up an update of a device: tells it, if it is there.
  void tell(const rollout::Telling& telling, const std::string& rollout,
            const std::vector<rollout::Content>& contents);
  // The target of `name` changed: tells the devices that follow it, at the link's pace.
  void announce(const std::string& name);
  net::Task<void> stop() { co_await tasks_.stop(); }

 private:
  wire::UpdateRequest request_for(const db::Target& target, const Digest& digest) const;
  net::Task<void> tell_all(std::string name);

  DeviceLink& link_;
  Releases& releases_;
  db::Catalogue& catalogue_;
  net::WorkerPool& pool_;
  IsPersonal is_personal_;
  net::TaskGroup tasks_;
};

}  // namespace stratus::server
