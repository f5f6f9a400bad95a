// A mosquitto of our own: started, watched, started again when it dies, told about changes, and ended with
// us.
//
// Devices reach it by mTLS only, each its own topics; the program that owns it by a unix socket. It keeps
// nothing on disk: what must not be lost is kept by whoever sent it until the server said that it is stored.
// Everything belongs to the loop's thread; writing the small configuration files blocks for a moment.
#pragma once

#include <memory>
#include <string>

#include "stratus/base/result.hpp"
#include "stratus/net/mqtt_broker_config.hpp"
#include "stratus/net/mqtt_session.hpp"
#include "stratus/net/task.hpp"

namespace stratus::net {

class Broker {
 public:
  // Picks a free port when config.port is 0, and a place for the socket; writes the files. `not_found` when
  // there is no program of that name.
  static Result<std::unique_ptr<Broker>> make(const Executor& executor, BrokerConfig config,
                                              std::string program = "mosquitto");
  virtual ~Broker() = default;  // the process ends with its owner, however that ends

  // Starts and watches until cancelled or stopped.
  virtual Task<void> run() = 0;
  virtual Task<void> stop() = 0;

  virtual std::uint16_t port() const = 0;
  virtual MqttEndpoint own_endpoint() const = 0;
  // For who takes thousands of messages a second: mosquitto takes one packet in each turn of its loop from a
  // plain socket, however many wait there, so acknowledgements would starve. From TLS it takes a record of
  // them.
  virtual MqttEndpoint bulk_endpoint() const = 0;

  // Writes the access list and has mosquitto read everything again: access, certificates, revocation list.
  virtual Result<void> set_access(BrokerAccess access) = 0;
  virtual const BrokerAccess& access() const = 0;
  virtual void reload() = 0;
  // Another revocation list, or none (""). Takes a new start of mosquitto, unless it is the same file.
  virtual Result<void> set_revocation_list(const std::filesystem::path& file) = 0;
  // Ends the live session of a client, and forgets what was queued for it, by taking its session over.
  // Refusing it from then on is the revocation list's and the access list's work. `unavailable` when the
  // broker is not there (then there is no session either).
  virtual Task<Result<void>> kick(std::string client) = 0;

  virtual bool running() const = 0;
  virtual unsigned restarts() const = 0;
  virtual const std::string& last_problem() const = 0;  // why it ended last, "" when it never did
};

// After `client` was put on the lists: ends its session, and whatever sessions it manages to make while
// mosquitto reads them (two seconds). What went wrong is logged. `broker` must outlive the task.
Task<void> cut_for_good(Broker& broker, std::string client);

}  // namespace stratus::net
