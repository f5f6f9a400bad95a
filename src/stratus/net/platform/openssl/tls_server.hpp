// The server's side of TLS: one context from a certificate and key, one Transport a connection.
#pragma once

#include <memory>

#include "stratus/base/result.hpp"
#include "stratus/net/http_server.hpp"
#include "stratus/net/transport.hpp"

namespace stratus::net {

class TlsServerContext {
 public:
  // `invalid` or `not_found` when the files do not hold a certificate and its key.
  static Result<std::shared_ptr<TlsServerContext>> make(const ServerTls& tls);
  virtual ~TlsServerContext() = default;
  // Null when memory is short. The context lives on as long as its transports.
  virtual std::unique_ptr<Transport> accept(FileDescriptor fd) = 0;
};

}  // namespace stratus::net
