#include "stratus/net/mqtt_session.hpp"

#include <algorithm>
#include <charconv>
#include <random>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "stratus/net/loop.hpp"
#include "stratus/net/mqtt_link.hpp"
#include "stratus/net/tcp_connect.hpp"

namespace stratus::net {
namespace {

namespace asio = boost::asio;
using Local = asio::local::stream_protocol;

std::uint64_t random_below(std::uint64_t bound) {
  static thread_local std::mt19937_64 generator{std::random_device{}()};
  return std::uniform_int_distribution<std::uint64_t>(0, bound)(generator);
}

// Cancels the socket's connecting when the time is over; the shared socket outlives both.
template <class Socket>
void limit(const std::shared_ptr<Socket>& socket, asio::steady_timer& timer) {
  timer.async_wait([weak = std::weak_ptr<Socket>(socket)](const boost::system::error_code& error) {
    const auto alive = weak.lock();
    boost::system::error_code ignored;
    if (!error && alive) alive->close(ignored);
  });
}

Error cannot_connect(const MqttEndpoint& endpoint, const boost::system::error_code& error) {
  const bool late = error == asio::error::operation_aborted;
  return Error(late ? ErrorCode::timeout : ErrorCode::unavailable,
               "connect to " + endpoint.text() + ": " + (late ? "no answer" : error.message()));
}

Task<Result<FileDescriptor>> connect_local(MqttEndpoint endpoint, Millis timeout) {
  const auto executor = co_await asio::this_coro::executor;
  const auto socket = std::make_shared<Local::socket>(executor);
  asio::steady_timer timer(executor, timeout);
  limit(socket, timer);
  boost::system::error_code error;
  const Local::endpoint where(endpoint.host);
  co_await socket->async_connect(where, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return fail(cannot_connect(endpoint, error));
  socket->non_blocking(true, error);
  FileDescriptor fd(socket->release(error));
  if (error) co_return fail(cannot_connect(endpoint, error));
  co_return fd;
}

}  // namespace

std::string MqttEndpoint::text() const {
  if (kind == Kind::local || kind == Kind::local_tls) return "unix:" + host;
  const bool v6 = host.find(':') != std::string::npos;
  return (kind == Kind::tls ? "mqtts://" : "mqtt://") + (v6 ? "[" + host + "]" : host) + ":" +
         std::to_string(port);
}

Result<MqttEndpoint> parse_mqtt_endpoint(std::string_view url) {
  const auto refuse = [&] {
    return fail(ErrorCode::invalid,
                "'" + std::string(url) +
                    "' is no broker; write mqtts://HOST[:8883], mqtt://HOST[:1883] or unix:/PATH");
  };
  MqttEndpoint endpoint;
  std::string_view rest = url;
  const auto take = [&](std::string_view prefix) {
    if (!rest.starts_with(prefix)) return false;
    rest.remove_prefix(prefix.size());
    return true;
  };
  if (take("unix:")) {
    endpoint.kind = MqttEndpoint::Kind::local;
    endpoint.host = rest;
    if (!rest.starts_with('/') || rest.size() > 107) return refuse();  // sun_path
    return endpoint;
  }
  if (take("mqtt://")) {
    endpoint.kind = MqttEndpoint::Kind::plain;
    endpoint.port = 1883;
  } else if (!take("mqtts://")) {
    return refuse();
  }
  if (rest.ends_with('/')) rest.remove_suffix(1);
  std::size_t host_end = rest.rfind(':');
  if (rest.starts_with('[')) {
    const std::size_t close = rest.find(']');
    if (close == std::string_view::npos) return refuse();
    endpoint.host = rest.substr(1, close - 1);
    rest.remove_prefix(close + 1);
    host_end = rest.empty() ? std::string_view::npos : 0;
    if (!rest.empty() && rest[0] != ':') return refuse();
  } else {
    endpoint.host = rest.substr(0, host_end);
  }
  if (endpoint.host.empty() || endpoint.host.find_first_of("/@ ") != std::string::npos) return refuse();
  if (host_end != std::string_view::npos) {
    const std::string_view port = rest.substr(host_end + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
    if (error != std::errc() || end != port.data() + port.size() || endpoint.port == 0) return refuse();
  }
  return endpoint;
}

struct MqttSession::Impl {
  Impl(const Executor& on, MqttOptions given, MqttEvents& to)
      : executor(on),
        options(std::move(given)),
        events(to),
        relay(*this),
        session(options.session, relay),
        changed(on) {}

  // Passes the session's events on and knows when a connection was a success.
  struct Relay : wire::mqtt::SessionEvents {
    explicit Relay(Impl& of) : impl(of) {}
    void on_connected(bool session_present) override {
      impl.failures = 0;
      impl.events.on_connected(session_present);
    }
    void on_message(const wire::mqtt::Message& message) override { impl.events.on_message(message); }
    void on_published(std::uint64_t ticket, std::uint8_t reason) override {
      impl.events.on_published(ticket, reason);
    }
    void on_subscribed(const std::string& filter, std::uint8_t reason) override {
      impl.events.on_subscribed(filter, reason);
    }
    Impl& impl;
  };

  Task<Result<std::unique_ptr<Transport>>> open();
  Task<void> connect_once();
  void fail_with(const Error& why) {
    ++failures;
    events.on_disconnected(why);
  }
  Millis backoff() const {
    const auto bound = std::min<std::int64_t>(options.longest_backoff.count(),
                                              options.first_backoff.count() << std::min(failures - 1, 20u));
    return Millis(static_cast<std::int64_t>(
        random_below(static_cast<std::uint64_t>(std::max<std::int64_t>(bound, 1)))));
  }

  Executor executor;
  MqttOptions options;
  MqttEvents& events;
  Relay relay;
  wire::mqtt::ClientSession session;
  std::shared_ptr<MqttLink> link;
  Notifier changed;
  unsigned failures = 0;  // since the last CONNACK that said yes
  bool hurry = false;
};

MqttSession::MqttSession(const Executor& executor, MqttOptions options, MqttEvents& events)
    : impl_(std::make_unique<Impl>(executor, std::move(options), events)) {}
MqttSession::~MqttSession() {
  if (impl_->link) impl_->link->close();
}

Task<Result<std::unique_ptr<Transport>>> MqttSession::Impl::open() {
  using Kind = MqttEndpoint::Kind;
  const MqttEndpoint endpoint = options.endpoint;
  std::shared_ptr<TlsClientContext> context = options.context;
  std::shared_ptr<const TlsIdentity> identity = options.identity;
  const bool local = endpoint.kind == Kind::local || endpoint.kind == Kind::local_tls;
  const bool secure = endpoint.kind == Kind::tls || endpoint.kind == Kind::local_tls;
  if (secure && !context) {
    auto made = TlsClientContext::make(options.ca_file);
    if (!made) co_return forward_error(std::move(made));
    context = std::move(*made);
    if (!options.certificate.empty()) {
      auto loaded = TlsIdentity::load(options.certificate, options.key);
      if (!loaded) co_return forward_error(std::move(loaded));
      identity = std::move(*loaded);
    }
  }
  Result<FileDescriptor> connected = fail(ErrorCode::internal, "");
  if (local) {
    connected = co_await connect_local(endpoint, options.connect_timeout);
  } else {
    const std::string peer = endpoint.text();
    connected = co_await connect_tcp(endpoint.host, endpoint.port, peer, options.connect_timeout);
  }
  if (!connected) co_return forward_error(std::move(connected));
  if (!secure) co_return make_plain_transport(std::move(*connected));
  auto transport =
      context->connect(std::move(*connected), local ? "localhost" : endpoint.host, identity.get());
  if (!transport) co_return fail(ErrorCode::internal, "TLS for " + endpoint.text() + " could not be set up");
  co_return transport;
}

Task<void> MqttSession::Impl::connect_once() {
  auto transport = co_await open();
  if (!transport) {
    fail_with(transport.error().with_context("MQTT"));
    co_return;
  }
  const auto deadline = std::chrono::steady_clock::now() + options.connect_timeout;
  const auto on_end = [this](const Error& why) {
    link.reset();
    fail_with(why.with_context("MQTT " + options.endpoint.text()));
    changed.notify_all();
  };
  link = std::make_shared<MqttLink>(executor, std::move(*transport), session, deadline, options.read_pause,
                                    on_end);
  const auto started = link;
  started->start();
  while (link && !hurry) co_await changed.wait();
}

Task<void> MqttSession::run() {
  // However this ends: goodbye to the broker, and nothing refers to the session any more.
  struct Goodbye {
    Impl& impl;
    ~Goodbye() {
      if (impl.link) impl.link->close();
      impl.link.reset();
      impl.session.closed();
    }
  };
  const Goodbye goodbye = Goodbye{*impl_};
  for (;;) {
    impl_->hurry = false;
    co_await impl_->connect_once();
    if (impl_->link) {  // reconnect() was asked for
      impl_->link->close();
      impl_->link.reset();
      impl_->session.closed();
    }
    if (impl_->hurry) continue;
    const Millis pause = impl_->backoff();
    (void)co_await impl_->changed.wait_for(pause);
  }
}

void MqttSession::reconnect() {
  impl_->hurry = true;
  impl_->failures = 0;
  impl_->changed.notify_all();
}

void MqttSession::drop() {
  if (!impl_->link) return;
  impl_->link->drop();
  impl_->link.reset();
  impl_->session.closed();
}

void MqttSession::set_endpoint(MqttEndpoint endpoint) {
  impl_->options.endpoint = std::move(endpoint);
  reconnect();
}

Result<void> MqttSession::publish(std::string topic, std::string payload,
                                  wire::mqtt::PublishOptions options) {
  STRATUS_CHECK(impl_->session.publish(std::move(topic), std::move(payload), options));
  if (impl_->link) impl_->link->wake();
  return {};
}

void MqttSession::acknowledge(wire::mqtt::AckToken token) {
  impl_->session.acknowledge(token);
  if (impl_->link) impl_->link->wake();
}

void MqttSession::hold(bool on) {
  impl_->session.hold(on, std::chrono::steady_clock::now());
  if (!on && impl_->link) impl_->link->wake();
}

void MqttSession::subscribe(std::string filter) {
  impl_->session.subscribe(std::move(filter));
  if (impl_->link) impl_->link->wake();
}

void MqttSession::set_will(std::optional<wire::mqtt::WillMessage> will) {
  impl_->session.set_will(std::move(will));
}

bool MqttSession::connected() const { return impl_->session.connected(); }
std::size_t MqttSession::queued() const { return impl_->session.queued(); }
std::uint64_t MqttSession::missing() const { return impl_->session.missing(); }

}  // namespace stratus::net
