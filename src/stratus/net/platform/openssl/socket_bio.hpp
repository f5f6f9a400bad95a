// The socket under a TLS connection, as OpenSSL wants to see it (a BIO).
//
// Unlike OpenSSL's own it can say that more follows (MSG_MORE), so that several records leave in one segment
// and wake the peer once; and a peer that has gone raises no SIGPIPE.
#pragma once

struct ssl_st;

namespace stratus::net {

struct SocketUnderTls {
  int fd = -1;
  bool more = false;  // another write follows at once
  bool held = false;  // the system may still wait for it
};

// Gives `ssl` this socket. `socket` must outlive `ssl`; the descriptor stays the caller's. False when memory
// is short.
bool set_socket(ssl_st* ssl, SocketUnderTls* socket);

}  // namespace stratus::net
