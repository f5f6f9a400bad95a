// HTTP/1.1 server on one Asio loop: plain or TLS (1.2 ECDHE and 1.3), keep-alive, Range, sendfile.
//
// A connection waits for its next request in a tiny coroutine and runs the handler in another one, so an idle
// connection costs little memory. Handlers run on the server's loop: work that blocks goes to a pool.
// Bounds: head 32 KiB, timeouts, connection count; bodies are bounded by whoever reads them. Without
// descriptors the connection that idled longest makes room for the next, and if none idles, newcomers are
// reset.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "stratus/base/bytes.hpp"
#include "stratus/base/result.hpp"
#include "stratus/net/http_message.hpp"
#include "stratus/net/task.hpp"

namespace stratus::net {

// One request and its response. Lives during the handler's call. Exactly one of respond, respond_file or
// begin … write … finish is called; a handler that returns without gets a 500, one that fails midway
// gets its connection cut, so that a peer never takes a torn body for a whole one.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual const RequestHead& request() const = 0;

  // The next piece of the request body; 0 = end. Sends "100 Continue" first where the peer waits for it.
  virtual Task<Result<std::size_t>> read_body(std::span<std::uint8_t> into) = 0;
  // The whole body, `no_space` (→ 413) beyond `limit` bytes.
  virtual Task<Result<std::string>> read_all(std::size_t limit) = 0;
  virtual bool body_over_limit() const = 0;  // read_all said `no_space`

  virtual Task<Result<void>> respond(ResponseHead head, std::string body) = 0;
  // `length` bytes of the open file from `offset`; the caller keeps `fd` open until this returns. sendfile
  // when plain.
  virtual Task<Result<void>> respond_file(ResponseHead head, int fd, std::uint64_t offset,
                                          std::uint64_t length) = 0;
  // A body in pieces: with a length, or chunked without one.
  virtual Task<Result<void>> begin(ResponseHead head, std::optional<std::uint64_t> length) = 0;
  virtual Task<Result<void>> write(BytesView data) = 0;
  virtual Task<Result<void>> write_file(int fd, std::uint64_t offset, std::uint64_t length) = 0;
  virtual Task<Result<void>> finish() = 0;

  // Bytes of this response that went to the peer's socket so far: head and body, without TLS framing.
  virtual std::uint64_t bytes_sent() const = 0;
};

using Handler = std::function<Task<void>(Exchange&)>;

struct ServerTls {
  std::filesystem::path
      certificate;            // PEM chain; a root at its end is for clients that pin the file, not sent
  std::filesystem::path key;  // PEM
  // PEM text of the root and intermediates that vouch for clients. When set, each client is asked for a
  // certificate, and may go on without; one that does not verify ends the handshake.
  std::string client_ca{};
  // Asked on the loop for a verified certificate, expired or not, in each handshake, also when an old session
  // is resumed (which OpenSSL itself would not verify again). False: refused. Empty: all are admitted.
  std::function<bool(const crypto::CertificateInfo&)> admit{};
};

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: any; see HttpServer::port
  std::optional<ServerTls> tls;
  // Never more than three quarters of the descriptors the process may have; its soft limit is raised.
  std::size_t max_connections = 15'000;
  std::chrono::milliseconds idle_timeout{75'000};
  // From accept to the end of the handshake. When thousands come at once, each waits for the others'
  // handshakes (about 0.5 ms of CPU), so this is patient.
  std::chrono::milliseconds handshake_timeout{30'000};
  std::chrono::milliseconds head_timeout{10'000};
  // No byte moved for so long while a body is read or written: the connection is cut.
  std::chrono::milliseconds stall_timeout{60'000};
  bool reuse_port = false;  // several processes on one port (gateway hand-over)
};

class HttpServer {
 public:
  // Binds, listens and serves as long as the loop runs; `executor` must belong to a loop with one thread.
  // JSON answers of 256 bytes and more go out in brotli where the client accepts it. What the handler refers
  // to must live until stop() has returned.
  static Result<std::unique_ptr<HttpServer>> listen(Executor executor, ServerOptions options,
                                                    Handler handler);
  virtual ~HttpServer() = default;

  virtual std::uint16_t port() const = 0;
  virtual std::size_t connections() const = 0;
  // For connections accepted from now on; those that are open keep theirs. Only when it served TLS before.
  virtual Result<void> replace_tls(const ServerTls& tls) = 0;
  // Cuts every connection whose client certificate is among these, whatever it is doing. Answers how many.
  virtual std::size_t cut_peers(const std::function<bool(const crypto::CertificateInfo&)>& which) = 0;
  // Stops accepting, ends idle connections at once, lets running exchanges go on for up to `grace`, then
  // cuts.
  virtual Task<void> stop(std::chrono::milliseconds grace) = 0;
};

// A small error body as RFC 9457 says: {"title","status","detail","code"}; the status is the code's in
// base/result.hpp, or 413 for a request body over its limit.
Task<Result<void>> respond_problem(Exchange& exchange, const Error& error);

}  // namespace stratus::net
