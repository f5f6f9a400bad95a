// What the devices of one process share. On the loop.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <unordered_set>

#include "stratus/net/http_connection.hpp"
#include "stratus/net/loop.hpp"
#include "stratus/net/mqtt_session.hpp"
#include "stratus/sim/identities.hpp"
#include "stratus/sim/release.hpp"
#include "stratus/sim/slots.hpp"
#include "stratus/sim/tally.hpp"

namespace stratus::sim {

// Where a run ends for a device; neither: never.
struct Goal {
  std::uint32_t updates = 0;  // so many updates came to an end, however
  std::string version;        // it runs this version
  bool any() const { return updates > 0 || !version.empty(); }
};

struct World {
  World(net::Executor on, Identities of, std::unique_ptr<crypto::ReleaseVerifier> verifier,
        std::size_t parallel)
      : executor(std::move(on)), identities(std::move(of)), shelf(std::move(verifier)), downloads(parallel) {}

  net::Executor executor;
  Identities identities;
  ReleaseShelf shelf;
  Slots downloads;
  net::HttpConnection::Options http;  // without an identity
  net::MqttEndpoint broker;
  bool has_broker = false;
  std::shared_ptr<net::TlsClientContext> broker_context;
  std::shared_ptr<const net::TlsIdentity> sibling;  // one of the devices': the others share its chain
  Goal goal;
  Tally tally;
  std::unordered_set<net::HttpConnection*> connections;  // open now; overdue ones are cut
  // What is read from a connection is used before the next wait, so one buffer does for all.
  std::array<std::uint8_t, 64 * 1024> buffer{};
};

}  // namespace stratus::sim
