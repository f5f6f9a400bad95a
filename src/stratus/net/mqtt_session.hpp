// An MQTT 5 client on the loop: connects to a broker over plain TCP, TLS or a unix socket, stays connected,
// and comes back after every break with backoff and jitter. The rules of the protocol are in
// wire/mqtt/client_session.hpp; this is the socket around them. One descriptor, no thread, about 35 KB a TLS
// connection. Everything belongs to the loop's thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "stratus/base/result.hpp"
#include "stratus/net/platform/openssl/tls_client.hpp"
#include "stratus/net/task.hpp"
#include "stratus/wire/mqtt/client_session.hpp"

namespace stratus::net {

// "mqtts://host:8883", "mqtt://host:1883" or "unix:/path/of/socket". local_tls: TLS over the unix socket,
// with a certificate for "localhost".
struct MqttEndpoint {
  enum class Kind : std::uint8_t { plain, tls, local, local_tls };
  Kind kind = Kind::tls;
  std::string host;  // or the socket's path
  std::uint16_t port = 8883;

  std::string text() const;
};
Result<MqttEndpoint> parse_mqtt_endpoint(std::string_view url);

struct MqttOptions {
  MqttEndpoint endpoint;
  // For TLS: files, read anew for each connection, so that a renewed certificate is taken …
  std::filesystem::path ca_file;
  std::filesystem::path certificate;
  std::filesystem::path key;
  // … or what was loaded once, for those who hold many sessions.
  std::shared_ptr<TlsClientContext> context;
  std::shared_ptr<const TlsIdentity> identity;
  wire::mqtt::SessionOptions session;
  Millis connect_timeout{10'000};  // TCP and TLS
  Millis read_pause{0};       // after a read: what comes meanwhile is read at once, instead of one by one
  Millis first_backoff{500};  // upper bound of the first random wait; doubles with each failure
  Millis longest_backoff{60'000};
};

class MqttEvents : public wire::mqtt::SessionEvents {
 public:
  // A connection ended or could not be made; the next attempt follows by itself.
  virtual void on_disconnected(const Error& /*why*/) {}
};

class MqttSession {
 public:
  // `events` must outlive the session; they are called on the loop, from within run().
  MqttSession(const Executor& executor, MqttOptions options, MqttEvents& events);
  ~MqttSession();

  // Connects and reconnects until it is cancelled; then says goodbye to the broker, which tells the will.
  Task<void> run();
  // Ends the current connection or wait and connects at once: another endpoint, a renewed certificate.
  void reconnect();
  // Lets the connection go without a goodbye, as a power cut does: the broker then tells the will. run()
  // rests from then on.
  void drop();
  void set_endpoint(MqttEndpoint endpoint);

  // As in wire::mqtt::ClientSession. What is published while away goes out after the next connection.
  Result<void> publish(std::string topic, std::string payload, wire::mqtt::PublishOptions options);
  void acknowledge(wire::mqtt::AckToken token);
  // Reads nothing of this connection while it is on; may be called from the events.
  void hold(bool on);
  void subscribe(std::string filter);
  void set_will(std::optional<wire::mqtt::WillMessage> will);

  bool connected() const;
  std::size_t queued() const;  // messages that the broker has not acknowledged
  std::uint64_t missing() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stratus::net
