#include "stratus/net/http_connection.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include "stratus/net/connection.hpp"
#include "stratus/net/platform/beast/response_parser.hpp"
#include "stratus/net/tcp_connect.hpp"

namespace stratus::net {

std::string HttpOrigin::authority() const {
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return port == (tls ? 443 : 80) ? name : fmt::format("{}:{}", name, port);
}
std::string HttpOrigin::text() const { return (tls ? "https://" : "http://") + authority(); }

Result<HttpOrigin> parse_http_origin(std::string_view url) {
  const auto refuse = [url] {
    return fail(ErrorCode::invalid, fmt::format("'{}' is no server; write https://HOST[:PORT]", url));
  };
  HttpOrigin origin;
  std::string_view rest = url;
  if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
    origin.tls = false;
    origin.port = 80;
  } else {
    return refuse();
  }
  while (rest.ends_with('/')) rest.remove_suffix(1);
  std::string_view port;
  bool has_port = false;
  if (rest.starts_with('[')) {
    const std::size_t close = rest.find(']');
    if (close == std::string_view::npos) return refuse();
    origin.host = rest.substr(1, close - 1);
    rest.remove_prefix(close + 1);
    has_port = rest.starts_with(':');
    if (!rest.empty() && !has_port) return refuse();
    if (has_port) port = rest.substr(1);
  } else {
    const std::size_t colon = rest.find(':');
    origin.host = rest.substr(0, colon);
    has_port = colon != std::string_view::npos;
    if (has_port) port = rest.substr(colon + 1);
  }
  const bool bad_host = origin.host.empty() || origin.host.find_first_of("/@?# \r\n") != std::string::npos;
  if (bad_host) return refuse();
  if (has_port) {
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), origin.port);
    if (error != std::errc() || end != port.data() + port.size() || origin.port == 0) return refuse();
  }
  return origin;
}

struct HttpConnection::Impl {
  Impl(const Executor& executor, Options given, std::unique_ptr<Transport> transport)
      : options(std::move(given)), connection(executor, std::move(transport), options.origin.text()) {}
  Options options;
  Connection connection;
  std::uint64_t left = 0;  // of the body
  bool keep = true;
  bool broken = false;
};

HttpConnection::HttpConnection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpConnection::~HttpConnection() = default;

Task<Result<std::unique_ptr<HttpConnection>>> HttpConnection::open(Options options) {
  const auto executor = co_await boost::asio::this_coro::executor;
  const std::string where = options.origin.text();
  auto socket =
      co_await connect_tcp(options.origin.host, options.origin.port, where, options.connect_timeout);
  if (!socket) co_return forward_error(std::move(socket));
  std::unique_ptr<Transport> transport;
  if (options.origin.tls) {
    transport = options.context->connect(std::move(*socket), options.origin.host, options.identity.get());
  } else {
    transport = make_plain_transport(std::move(*socket));
  }
  if (!transport) co_return fail(ErrorCode::internal, "TLS for " + where + " could not be set up");
  auto impl = std::make_unique<Impl>(executor, std::move(options), std::move(transport));
  impl->connection.set_stall_limit(impl->options.stall);
  Impl& inside = *impl;
  std::unique_ptr<HttpConnection> made(new HttpConnection(std::move(impl)));
  auto shaken = co_await inside.connection.shake_hands();
  if (shaken) co_return made;
  const std::string& problem = inside.connection.transport().problem();
  if (problem.empty()) co_return fail(std::move(shaken.error()));
  co_return fail(ErrorCode::denied, "TLS with " + where + ": " + problem);
}

Task<Result<ResponseHead>> HttpConnection::exchange(Request request) {
  std::string text = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n{}", request.method, request.target,
                                 impl_->options.origin.authority(), request.headers);
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT")
    text += fmt::format("Content-Length: {}\r\n", request.body.size());
  text += "\r\n";
  text += request.body;
  Connection& connection = impl_->connection;
  impl_->broken = true;  // until the head is there
  auto sent = co_await connection.write(as_bytes(text), false);
  if (!sent) co_return forward_error(std::move(sent));
  ResponseParser parser(request.method == "HEAD");
  InputBuffer& input = connection.input();
  for (;;) {
    auto progress = parser.parse_head(input.view());
    if (!progress) co_return forward_error(std::move(progress));
    input.consume(progress->consumed);
    if (progress->complete) break;
    const auto room = input.prepare();
    if (room.empty()) co_return fail(ErrorCode::invalid, "the answer's head is larger than 32 KiB");
    auto got = co_await connection.read_some(room);
    if (!got) co_return forward_error(std::move(got));
    if (*got == 0) {
      co_return fail(ErrorCode::unavailable, connection.peer() + " closed the connection without an answer");
    }
    input.commit(*got);
  }
  impl_->left = parser.content_length();
  impl_->keep = parser.keep_alive();
  impl_->broken = false;
  co_return parser.take_head();
}

Task<Result<std::size_t>> HttpConnection::read_body(std::span<std::uint8_t> into) {
  if (impl_->left == 0 || into.empty()) co_return std::size_t{0};
  into = into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), impl_->left)));
  InputBuffer& input = impl_->connection.input();
  std::size_t count = std::min(into.size(), input.view().size());
  if (count > 0) {
    std::memcpy(into.data(), input.view().data(), count);
    input.consume(count);
    input.release_if_empty();
  } else {
    auto got = co_await impl_->connection.read_some(into);
    impl_->broken = !got || *got == 0;
    if (!got) co_return forward_error(std::move(got));
    count = *got;
    if (count == 0) {
      co_return fail(ErrorCode::unavailable,
                     fmt::format("{} closed the connection {} bytes before the end of its answer",
                                 impl_->connection.peer(), impl_->left));
    }
  }
  impl_->left -= count;
  co_return count;
}

Task<Result<std::string>> HttpConnection::read_all(std::size_t limit) {
  std::string body;
  if (impl_->left > limit)
    co_return fail(ErrorCode::no_space, fmt::format("an answer of {} bytes", impl_->left));
  body.resize(static_cast<std::size_t>(impl_->left));
  std::size_t have = 0;
  while (have < body.size()) {
    const std::span<std::uint8_t> room(reinterpret_cast<std::uint8_t*>(body.data()) + have,
                                       body.size() - have);
    auto got = co_await read_body(room);
    if (!got) co_return forward_error(std::move(got));
    have += *got;
  }
  co_return body;
}

std::uint64_t HttpConnection::body_left() const { return impl_->left; }
bool HttpConnection::reusable() const { return !impl_->broken && impl_->keep && impl_->left == 0; }
bool HttpConnection::overdue(SteadyTime now) const { return impl_->connection.overdue(now); }
void HttpConnection::cut_as_late() { impl_->connection.cut_as_late(); }
void HttpConnection::reset_on_close() { impl_->connection.transport().reset_on_close(); }

}  // namespace stratus::net
