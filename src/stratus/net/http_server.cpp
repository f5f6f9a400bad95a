#include "stratus/net/http_server.hpp"

#include <algorithm>
#include <csignal>
#include <exception>
#include <new>
#include <vector>

#include <arpa/inet.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "stratus/base/log.hpp"
#include "stratus/base/result.hpp"
#include "stratus/net/connection.hpp"
#include "stratus/net/descriptors.hpp"
#include "stratus/net/platform/beast/request_parser.hpp"
#include "stratus/net/platform/openssl/tls_server.hpp"
#include "stratus/net/server_exchange.hpp"

namespace stratus::net {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using Descriptor = asio::posix::stream_descriptor;

constexpr int kBacklog = 16'384;  // the kernel lowers it to net.core.somaxconn

struct Address {
  sockaddr_storage storage{};
  socklen_t length = sizeof(sockaddr_storage);

  std::uint16_t port() const {
    return ntohs(storage.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(storage).sin6_port
                                               : reinterpret_cast<const sockaddr_in&>(storage).sin_port);
  }
  std::string text() const {
    char host[INET6_ADDRSTRLEN] = "?";
    const bool six = storage.ss_family == AF_INET6;
    const void* const bytes =
        six ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr)
            : &reinterpret_cast<const sockaddr_in&>(storage).sin_addr;
    ::inet_ntop(storage.ss_family, bytes, host, sizeof host);
    return six ? fmt::format("[{}]:{}", host, port()) : fmt::format("{}:{}", host, port());
  }
};

Result<Address> parse_address(const std::string& text, std::uint16_t port) {
  Address address;
  const std::string host = text == "localhost" ? "127.0.0.1" : text;
  auto& four = reinterpret_cast<sockaddr_in&>(address.storage);
  auto& six = reinterpret_cast<sockaddr_in6&>(address.storage);
  if (::inet_pton(AF_INET, host.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    address.length = sizeof(sockaddr_in);
  } else if (::inet_pton(AF_INET6, host.c_str(), &six.sin6_addr) == 1) {
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    address.length = sizeof(sockaddr_in6);
  } else {
    return fail(ErrorCode::invalid,
                "listen on '" + text + "': give a numeric address such as 0.0.0.0 or ::1");
  }
  return address;
}

Result<FileDescriptor> open_listener(const ServerOptions& options, std::uint16_t& port) {
  STRATUS_TRY(address, parse_address(options.address, options.port));
  const std::string where = fmt::format("listen on {}:{}", options.address, options.port);
  FileDescriptor fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fail(Error::from_errno(where));
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (options.reuse_port) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.length) != 0 ||
      ::listen(fd.get(), kBacklog) != 0) {
    const bool taken = errno == EADDRINUSE;
    const Error error = Error::from_errno(where);
    if (!taken) return fail(error);
    return fail(error.code(),
                error.text() + ": another program listens there; stop it or choose another port");
  }
  ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address.storage), &address.length);
  port = address.port();
  return fd;
}

// What the server's coroutines share; they keep it alive.
class Server : public std::enable_shared_from_this<Server> {
 public:
  Server(Executor executor, ServerOptions options, Handler handler, std::shared_ptr<TlsServerContext> tls,
         FileDescriptor listener)
      : executor_(std::move(executor)),
        options_(std::move(options)),
        handler_(std::move(handler)),
        tls_(std::move(tls)),
        listener_(executor_, listener.release()),
        sweep_(executor_),
        pause_(executor_),
        emptied_(executor_),
        encoder_(executor_) {
    options_.max_connections = std::min(options_.max_connections, raise_descriptor_limit() / 4 * 3);
    emptied_.expires_at(Clock::time_point::max());
  }

  void start() {
    asio::co_spawn(executor_, accept_loop(shared_from_this()), asio::detached);
    asio::co_spawn(executor_, sweep_loop(shared_from_this()), asio::detached);
  }

  std::size_t connections() const { return connections_.size(); }

  Result<void> replace_tls(const ServerTls& tls) {
    if (!tls_) return fail(ErrorCode::conflict, "this server does not speak TLS");
    STRATUS_TRY(context, TlsServerContext::make(tls));
    retired_.push_back(std::exchange(tls_, std::move(context)));
    return {};
  }

  std::size_t cut_peers(const std::function<bool(const crypto::CertificateInfo&)>& which) {
    std::size_t count = 0;
    for (Connection* const connection : connections_) {
      const auto certificate = connection->transport().peer_certificate();
      if (certificate == nullptr || !which(*certificate)) continue;
      connection->transport().cut();
      ++count;
    }
    return count;
  }

  void close_listener() {
    stopping_ = true;
    boost::system::error_code ignored;
    listener_.close(ignored);
  }

  void cut_all() {
    for (Connection* const connection : connections_) connection->transport().cut();
  }

  void end() {
    close_listener();
    ended_ = true;
    sweep_.cancel();
    cut_all();
    encoder_.stop();  // its thread must not outlast the loop
  }

  Task<void> stop(std::chrono::milliseconds grace) {
    close_listener();
    for (Connection* const connection : connections_) {
      if (connection->idle) connection->transport().cut();
    }
    co_await wait_until_empty(grace);
    if (!connections_.empty())
      log::warning("net", "cut {} connections that were still busy after {} ms", connections_.size(),
                   grace.count());
    // Their coroutines end by themselves once the handlers return.
    for (int round = 0; round < 100 && !connections_.empty(); ++round) {
      cut_all();
      co_await wait_until_empty(std::chrono::milliseconds(100));
    }
    end();
  }

 private:
  using Self = std::shared_ptr<Server>;

  static Task<void> accept_loop(Self self) {
    while (!self->stopping_) {
      try {
        co_await accept_turn(self);
      } catch (const std::bad_alloc&) {
        ++self->refused_;  // whoever it was for is gone; the others are not to suffer
      }
    }
  }

  static Task<void> accept_turn(Self self) {
    boost::system::error_code error;
    co_await self->listener_.async_wait(Descriptor::wait_read,
                                        asio::redirect_error(asio::use_awaitable, error));
    if (error || self->stopping_) co_return;
    const bool fine = self->accept_some();
    if (fine) co_return;
    // Those that were cut to make room have to go first.
    self->pause_.expires_after(std::chrono::milliseconds(5));
    co_await self->pause_.async_wait(asio::redirect_error(asio::use_awaitable, error));
  }

  bool accept_some() {
    for (int i = 0; i < 64; ++i) {
      Address peer;
      FileDescriptor fd(::accept4(listener_.native_handle(), reinterpret_cast<sockaddr*>(&peer.storage),
                                  &peer.length, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!fd) {
        if (errno == EAGAIN || errno == EWOULDBLOCK) return true;
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
          const Error why = Error::from_errno("accept");
          if (!somebody_waits()) return true;  // the system looks for a descriptor first
          complain(why.text());
          if (cut_longest_idle()) return false;
          // All are at work: the newcomer is told at once instead of left waiting.
          spare_.refuse_one(listener_.native_handle());
        }
        continue;
      }
      if (connections_.size() >= options_.max_connections) {
        complain(fmt::format("more than {} connections", options_.max_connections));
        continue;
      }
      const int on = 1;
      ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      auto transport = tls_ ? tls_->accept(std::move(fd)) : make_plain_transport(std::move(fd));
      if (!transport) continue;
      auto connection = std::make_unique<Connection>(executor_, std::move(transport), peer.text());
      asio::co_spawn(executor_, serve(shared_from_this(), std::move(connection)), asio::detached);
    }
    return true;
  }

  bool somebody_waits() {
    pollfd waiting{listener_.native_handle(), POLLIN, 0};
    return ::poll(&waiting, 1, 0) > 0;
  }

  bool cut_longest_idle() {
    Connection* longest = nullptr;
    for (Connection* const connection : connections_) {
      if (connection->idle && (longest == nullptr || connection->deadline() < longest->deadline()))
        longest = connection;
    }
    if (longest != nullptr) longest->cut_as_late();
    return longest != nullptr;
  }

  // Once a second at most.
  void complain(const std::string& why) {
    ++refused_;
    const auto now = Clock::now();
    if (now - complained_ < std::chrono::seconds(1)) return;
    complained_ = now;
    log::warning("net", "cannot take every connection ({} so far): {}", refused_, why);
  }

  // Known to the sweep as long as its coroutine lives, however that ends.
  class Membership {
   public:
    Membership(Server& server, Connection* connection) : server_(server), connection_(connection) {
      server_.connections_.push_back(connection_);
      server_.peak_ = std::max(server_.peak_, server_.connections_.size());
    }
    Membership(const Membership&) = delete;
    Membership& operator=(const Membership&) = delete;
    ~Membership() {
      std::erase(server_.connections_, connection_);
      if (server_.connections_.empty()) server_.emptied_.cancel();
    }

   private:
    Server& server_;
    Connection* connection_;
  };

  // Waits for the next request in this small frame; everything else lives in serve_request's.
  static Task<void> serve(Self self, std::unique_ptr<Connection> connection) {
    const Membership member(*self, connection.get());
    bool open = true;
    if (self->tls_) {
      connection->set_deadline(Clock::now() + self->options_.handshake_timeout);
      auto shaken = co_await connection->shake_hands();
      open = shaken.has_value();
    }
    connection->set_deadline(Clock::now() + self->options_.head_timeout);
    while (open && !self->stopping_) {
      if (connection->input().empty() && !connection->transport().has_pending()) {
        connection->input().release_if_empty();
        connection->idle = true;
        co_await connection->wait_readable();
        connection->idle = false;
      }
      open = co_await self->serve_request(*connection);
      connection->set_deadline(Clock::now() + self->options_.idle_timeout);
    }
  }

  Task<bool> serve_request(Connection& connection) {
    connection.set_deadline(Clock::now() + options_.head_timeout);
    InputBuffer& input = connection.input();
    RequestParser parser;
    for (;;) {
      while (input.view().size() >= 2 && input.view()[0] == '\r' && input.view()[1] == '\n' &&
             !parser.started())
        input.consume(2);  // RFC 9112 section 2.2
      if (!input.empty()) {
        const auto progress = parser.parse_head(input.view());
        input.consume(progress.consumed);
        if (progress.refuse_status != 0) {
          co_await refuse(connection, progress.refuse_status, progress.reason);
          co_return false;
        }
        if (progress.complete) break;
      }
      auto got = co_await connection.read_some(input.prepare());
      if (!got || *got == 0) co_return false;
      input.commit(*got);
    }
    connection.set_stall_limit(options_.stall_timeout);
    const auto exchange = std::make_unique<ServerExchange>(connection, parser, encoder_, stopping_);
    if (exchange->request().target.empty()) {
      co_await refuse(connection, 400, "request target is not a path");
      co_return false;
    }
    std::exception_ptr thrown;
    try {
      co_await handler_(*exchange);
    } catch (...) {
      thrown = std::current_exception();
    }
    if (thrown) log_exception(thrown, exchange->request());
    const bool keep = co_await exchange->conclude(thrown != nullptr);
    co_return keep;
  }

  Task<void> refuse(Connection& connection, int status, std::string reason) {
    log::debug("net", "{}: refused with {}: {}", connection.peer(), status, reason);
    const std::string answer = fmt::format(
        "HTTP/1.1 {} \r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}\n",
        status, reason.size() + 1, reason);
    auto sent = co_await connection.write(as_bytes(answer), false);
    if (sent) co_await connection.close_slowly();
  }

  static void log_exception(const std::exception_ptr& thrown, const RequestHead& head) {
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& error) {
      log::error("net", "{} {}: {}", head.method, head.path, error.what());
    } catch (...) {
      log::error("net", "{} {}: unknown exception", head.method, head.path);
    }
  }

  static Task<void> sweep_loop(Self self) {
    const auto& o = self->options_;
    const auto shortest = std::min({o.idle_timeout, o.handshake_timeout, o.head_timeout, o.stall_timeout});
    const auto period = std::clamp<std::chrono::milliseconds>(shortest / 4, Millis(5), Millis(1000));
    while (!self->ended_) {
      try {
        self->sweep_.expires_after(period);
        boost::system::error_code error;
        co_await self->sweep_.async_wait(asio::redirect_error(asio::use_awaitable, error));
      } catch (const std::bad_alloc&) {
        continue;
      }
      self->sweep();
    }
  }

  void sweep() {
    const auto now = Clock::now();
    for (Connection* const connection : connections_) {
      if (connection->overdue(now)) connection->cut_as_late();
    }
    // malloc keeps what a crowd used; give it back once the crowd has left.
    if (peak_ >= 64 && connections_.size() < peak_ / 4) {
      peak_ = connections_.size();
      ::malloc_trim(0);
    }
  }

  Task<void> wait_until_empty(std::chrono::milliseconds longest) {
    if (connections_.empty()) co_return;
    emptied_.expires_after(longest);
    boost::system::error_code ignored;
    co_await emptied_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }

  Executor executor_;
  ServerOptions options_;
  Handler handler_;
  std::shared_ptr<TlsServerContext> tls_;
  std::vector<std::shared_ptr<TlsServerContext>> retired_;  // handshakes that began with them may go on
  Descriptor listener_;
  SpareDescriptor spare_;
  asio::steady_timer sweep_;
  asio::steady_timer pause_;    // of accepting
  asio::steady_timer emptied_;  // cancelled when the last connection has gone
  AnswerEncoder encoder_;
  std::vector<Connection*> connections_;
  std::size_t peak_ = 0;
  std::uint64_t refused_ = 0;  // connections, more or less
  Clock::time_point complained_{};
  bool stopping_ = false;
  bool ended_ = false;
};

class AsioHttpServer final : public HttpServer {
 public:
  AsioHttpServer(std::shared_ptr<Server> server, std::uint16_t port)
      : server_(std::move(server)), port_(port) {}
  ~AsioHttpServer() override { server_->end(); }

  std::uint16_t port() const override { return port_; }
  std::size_t connections() const override { return server_->connections(); }
  Result<void> replace_tls(const ServerTls& tls) override { return server_->replace_tls(tls); }
  std::size_t cut_peers(const std::function<bool(const crypto::CertificateInfo&)>& which) override {
    return server_->cut_peers(which);
  }
  Task<void> stop(std::chrono::milliseconds grace) override { return server_->stop(grace); }

 private:
  std::shared_ptr<Server> server_;
  std::uint16_t port_;
};

std::string json_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      if (c == '"' || c == '\\') out.push_back('\\');
      out.push_back(c);
    }
  }
  return out;
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::listen(Executor executor, ServerOptions options,
                                                       Handler handler) {
  ::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  std::shared_ptr<TlsServerContext> tls;
  if (options.tls) {
    STRATUS_TRY(context, TlsServerContext::make(*options.tls));
    tls = std::move(context);
  }
  std::uint16_t port = 0;
  STRATUS_TRY(listener, open_listener(options, port));
  auto server = std::make_shared<Server>(std::move(executor), std::move(options), std::move(handler),
                                         std::move(tls), std::move(listener));
  server->start();
  return std::make_unique<AsioHttpServer>(std::move(server), port);
}

Task<Result<void>> respond_problem(Exchange& exchange, const Error& error) {
  const ErrorMapping& mapping = mapping_of(error.code());
  const std::string_view reason = error.reason();
  ResponseHead head;
  head.status =
      exchange.body_over_limit() && error.code() == ErrorCode::no_space ? 413 : http_status_of(error);
  head.headers.set("Content-Type", "application/problem+json");
  // A hint for the patient; who is told comes back spread out (update/pacing.hpp).
  if (head.status == 503) head.headers.set("Retry-After", "5");
  if (head.status == 429) head.headers.set("Retry-After", "60");
  std::string body =
      fmt::format(R"({{"title":"{}","status":{},"detail":"{}","code":"{}"}})", mapping.name, head.status,
                  json_escaped(error.text()), reason.empty() ? mapping.name : reason);
  return exchange.respond(std::move(head), std::move(body));
}

}  // namespace stratus::net
