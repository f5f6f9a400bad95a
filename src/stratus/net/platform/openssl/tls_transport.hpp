// A Transport over an OpenSSL session that works on the descriptor itself; whether it accepts or connects was
// set on the session before. Internal to net/platform/openssl.
#pragma once

#include <memory>
#include <string>

#include "stratus/net/transport.hpp"

struct ssl_st;
struct ssl_ctx_st;
struct x509_st;

namespace stratus::net {

struct FreeSsl {
  void operator()(ssl_st* ssl) const;
};
struct FreeContext {
  void operator()(ssl_ctx_st* context) const;
};
using SslPointer = std::unique_ptr<ssl_st, FreeSsl>;
using ContextPointer = std::unique_ptr<ssl_ctx_st, FreeContext>;

// Null when memory is short.
std::unique_ptr<Transport> make_tls_transport(FileDescriptor fd, SslPointer ssl);

// Null when it does not parse, which a certificate that OpenSSL has accepted does.
std::shared_ptr<const crypto::CertificateInfo> certificate_info(x509_st* certificate);

// The newest error of this thread's queue in words, "" when there is none; empties the queue.
std::string take_tls_error();

}  // namespace stratus::net
