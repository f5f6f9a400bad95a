// HTTP/1.1 client on the Asio loop (libcurl's multi interface underneath): keep-alive, TLS, Range, streaming.
// Several requests run at once; each is one coroutine. Cancelling that coroutine aborts its transfer.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "stratus/base/bytes.hpp"
#include "stratus/base/result.hpp"
#include "stratus/base/sink.hpp"
#include "stratus/net/http_message.hpp"
#include "stratus/net/task.hpp"

namespace stratus::net {

struct ClientOptions {
  // Trusted roots (PEM file) for https; empty: the system's. Verification cannot be switched off.
  std::filesystem::path ca_file;
  std::filesystem::path certificate;  // for mTLS; empty: none
  std::filesystem::path key;
  std::chrono::milliseconds connect_timeout{10'000};
  // Less than `stall_bytes` per second over `stall_time`: given up as `timeout`.
  std::chrono::seconds stall_time{30};
  std::uint32_t stall_bytes = 1'000;
  std::size_t max_connections_per_host = 8;
};

struct ClientRequest {
  std::string method = "GET";
  std::string url;
  Headers headers;
  std::string body;  // sent as it is; for large uploads use body_file
  std::filesystem::path body_file;
  std::uint64_t body_offset = 0;
  std::uint64_t body_length = 0;               // with body_file
  std::uint64_t max_response = 4u << 20;       // bytes; more is `no_space`
  std::chrono::milliseconds total_timeout{0};  // 0: only the stall rule
};

struct ClientResponse {
  int status = 0;
  Headers headers;
  std::string body;  // empty when streamed
};

class HttpClient {
 public:
  static std::unique_ptr<HttpClient> make(Executor executor, ClientOptions options);
  virtual ~HttpClient() = default;

  // Any status is a response; failing to get one is an error (`unavailable`, `timeout`, `corrupt`, `denied`
  // for TLS).
  virtual Task<Result<ClientResponse>> send(ClientRequest request) = 0;
  // Streams the body of a 2xx answer: `on_head` sees status and headers before the first byte and may refuse
  // by returning an error; `sink` takes the pieces on the loop's thread. Other statuses come back with their
  // body (≤ 64 KiB) in ClientResponse::body. Bytes after a failure were not passed on.
  virtual Task<Result<ClientResponse>> download(ClientRequest request,
                                                std::function<Result<void>(const ClientResponse&)> on_head,
                                                ByteSink sink) = 0;
  // As download, at the sink's pace: while it works, the transfer rests as soon as half a megabyte waits. The
  // view stays valid until the sink's task has ended.
  using PacedSink = std::function<Task<Result<void>>(BytesView)>;
  virtual Task<Result<ClientResponse>> download_paced(
      ClientRequest request, std::function<Result<void>(const ClientResponse&)> on_head, PacedSink sink) = 0;

  // Everything sent and received so far by this client, heads included, TLS framing not.
  struct Traffic {
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
  };
  virtual Traffic traffic() const = 0;
};

}  // namespace stratus::net
