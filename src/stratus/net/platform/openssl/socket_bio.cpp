#include "stratus/net/platform/openssl/socket_bio.hpp"

#include <cerrno>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

namespace stratus::net {
namespace {

SocketUnderTls& socket_of(BIO* bio) { return *static_cast<SocketUnderTls*>(BIO_get_data(bio)); }

bool try_later() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

int write_to_socket(BIO* bio, const char* data, std::size_t size, std::size_t* written) {
  SocketUnderTls& socket = socket_of(bio);
  BIO_clear_retry_flags(bio);
  const ssize_t count = ::send(socket.fd, data, size, MSG_NOSIGNAL | (socket.more ? MSG_MORE : 0));
  if (count < 0 && try_later()) {
    BIO_set_retry_write(bio);
    // What follows will not come at once after all: off with what was held back (tcp(7), TCP_NODELAY).
    const int on = 1;
    if (socket.held) ::setsockopt(socket.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    socket.held = false;
  } else {
    socket.held = socket.more;
  }
  *written = count > 0 ? static_cast<std::size_t>(count) : 0;
  return count > 0 ? 1 : 0;
}

int read_from_socket(BIO* bio, char* into, std::size_t size, std::size_t* got) {
  BIO_clear_retry_flags(bio);
  const ssize_t count = ::recv(socket_of(bio).fd, into, size, 0);
  if (count < 0 && try_later()) BIO_set_retry_read(bio);
  if (count == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  *got = count > 0 ? static_cast<std::size_t>(count) : 0;
  return count > 0 ? 1 : 0;
}

long control(BIO* bio, int command, long /*number*/, void* /*pointer*/) {
  switch (command) {
    case BIO_CTRL_FLUSH:
    case BIO_CTRL_DUP:
      return 1;
    case BIO_CTRL_EOF:
      return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
    default:
      return 0;
  }
}

BIO_METHOD* make_method() {
  BIO_METHOD* const method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stratus socket");
  if (method == nullptr) return nullptr;
  BIO_meth_set_write_ex(method, write_to_socket);
  BIO_meth_set_read_ex(method, read_from_socket);
  BIO_meth_set_ctrl(method, control);
  return method;
}

}  // namespace

bool set_socket(ssl_st* ssl, SocketUnderTls* socket) {
  static BIO_METHOD* const method = make_method();  // for as long as the program runs
  BIO* const bio = method == nullptr ? nullptr : BIO_new(method);
  if (bio == nullptr) return false;
  BIO_set_data(bio, socket);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);  // owns it now
  return true;
}

}  // namespace stratus::net
