// One HTTP/1.1 connection to one server, for those who hold thousands of them and cannot afford a client
// library each: a request at a time, keep-alive, TLS with an own certificate, bodies in pieces at the
// reader's pace. About 1 KB beside the TLS session. Everything belongs to the loop's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "stratus/base/bytes.hpp"
#include "stratus/base/clock.hpp"
#include "stratus/base/result.hpp"
#include "stratus/net/http_message.hpp"
#include "stratus/net/platform/openssl/tls_client.hpp"
#include "stratus/net/task.hpp"

namespace stratus::net {

// "https://host:8443" without a path.
struct HttpOrigin {
  bool tls = true;
  std::string host;
  std::uint16_t port = 443;

  std::string authority() const;  // of the Host field
  std::string text() const;
};
// `invalid` for anything but http:// or https://, a host and perhaps a port.
Result<HttpOrigin> parse_http_origin(std::string_view url);

class HttpConnection {
 public:
  struct Options {
    HttpOrigin origin;
    std::shared_ptr<TlsClientContext> context;    // for https
    std::shared_ptr<const TlsIdentity> identity;  // may be null
    Millis connect_timeout{10'000};               // TCP
    Millis stall{30'000};                         // without a byte either way; see overdue()
  };
  // Connects and shakes hands. `timeout`, `unavailable`; `denied` when TLS refuses either side.
  static Task<Result<std::unique_ptr<HttpConnection>>> open(Options options);
  ~HttpConnection();

  struct Request {
    std::string_view method = "GET";
    std::string target;   // path and query, encoded
    std::string headers;  // whole lines, each with its CRLF, besides Host and Content-Length
    std::string body;
  };
  // Sends it and reads the answer's head. What is left of the body before is not skipped: read it to its end
  // first. After an error the connection is of no use any more.
  Task<Result<ResponseHead>> exchange(Request request);
  // The next piece of the body, 0 at its end. `unavailable` when the peer closes early.
  Task<Result<std::size_t>> read_body(std::span<std::uint8_t> into);
  // All of it; `no_space` beyond `limit`.
  Task<Result<std::string>> read_all(std::size_t limit);

  std::uint64_t body_left() const;
  bool reusable() const;  // the body was read and the peer keeps the connection
  // Whoever owns many looks now and then, and cuts those that rest too long: their wait then ends as
  // `timeout`.
  bool overdue(SteadyTime now) const;
  void cut_as_late();
  // Closing will reset, as when the link breaks.
  void reset_on_close();

 private:
  struct Impl;
  explicit HttpConnection(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace stratus::net
