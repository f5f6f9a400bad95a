#include "stratus/net/tcp_connect.hpp"

#include <memory>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace stratus::net {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;

Task<Result<FileDescriptor>> connect_tcp(std::string host, std::uint16_t port, std::string what,
                                         Millis timeout) {
  const auto executor = co_await asio::this_coro::executor;
  const auto socket = std::make_shared<Tcp::socket>(executor);
  asio::steady_timer timer(executor, timeout);
  // Closed when the time is over; the shared socket outlives both.
  timer.async_wait([weak = std::weak_ptr<Tcp::socket>(socket)](const boost::system::error_code& error) {
    const auto alive = weak.lock();
    boost::system::error_code ignored;
    if (!error && alive) alive->close(ignored);
  });
  const auto cannot = [&what](const boost::system::error_code& error) {
    const bool late = error == asio::error::operation_aborted;
    return Error(late ? ErrorCode::timeout : ErrorCode::unavailable,
                 "connect to " + what + ": " + (late ? "no answer" : error.message()));
  };
  boost::system::error_code error;
  boost::system::error_code literal;
  const auto address = asio::ip::make_address(host, literal);
  if (!literal) {  // the resolver has a thread, and thousands would wait for it
    const Tcp::endpoint endpoint(address, port);
    co_await socket->async_connect(endpoint, asio::redirect_error(asio::use_awaitable, error));
  } else {
    Tcp::resolver resolver(executor);
    const std::string service = std::to_string(port);
    const auto found =
        co_await resolver.async_resolve(host, service, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return fail(cannot(error));
    co_await asio::async_connect(*socket, found, asio::redirect_error(asio::use_awaitable, error));
  }
  if (error) co_return fail(cannot(error));
  socket->non_blocking(true, error);
  socket->set_option(Tcp::no_delay(true), error);
  FileDescriptor fd(socket->release(error));
  if (error) co_return fail(cannot(error));
  co_return fd;
}

}  // namespace stratus::net
