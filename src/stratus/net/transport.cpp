#include "stratus/net/transport.hpp"

#include <algorithm>
#include <cerrno>

#include <sys/sendfile.h>
#include <sys/socket.h>

namespace stratus::net {
namespace {

Attempt from_errno(Attempt::Outcome want) {
  if (errno == EAGAIN || errno == EWOULDBLOCK) return {want, 0};
  return {errno == ECONNRESET || errno == EPIPE ? Attempt::Outcome::closed : Attempt::Outcome::failed, 0};
}

class PlainTransport final : public Transport {
 public:
  explicit PlainTransport(FileDescriptor fd) : Transport(std::move(fd)) {}

  Attempt handshake() override { return {}; }

  Attempt read(std::span<std::uint8_t> into) override {
    ssize_t count = -1;
    do count = ::recv(fd(), into.data(), into.size(), 0);
    while (count < 0 && errno == EINTR);
    if (count < 0) return from_errno(Attempt::Outcome::want_read);
    if (count == 0) return {Attempt::Outcome::closed, 0};
    return {Attempt::Outcome::moved, static_cast<std::size_t>(count)};
  }

  Attempt write(BytesView data, bool more) override {
    ssize_t count = -1;
    do count = ::send(fd(), data.data(), data.size(), MSG_NOSIGNAL | (more ? MSG_MORE : 0));
    while (count < 0 && errno == EINTR);
    if (count < 0) return from_errno(Attempt::Outcome::want_write);
    return {Attempt::Outcome::moved, static_cast<std::size_t>(count)};
  }

  Attempt send_file(int file, std::uint64_t offset, std::uint64_t length) override {
    constexpr std::uint64_t kMost = 1u << 30;
    auto position = static_cast<off_t>(offset);
    ssize_t count = -1;
    do count = ::sendfile(fd(), file, &position, std::min(length, kMost));
    while (count < 0 && errno == EINTR);
    if (count < 0) return from_errno(Attempt::Outcome::want_write);
    if (count == 0) return {Attempt::Outcome::failed, 0};  // the file is shorter than it was
    return {Attempt::Outcome::moved, static_cast<std::size_t>(count)};
  }

  bool has_pending() const override { return false; }
  bool secure() const override { return false; }
  void end_sending() override { ::shutdown(fd(), SHUT_WR); }
};

}  // namespace

const std::string& Transport::problem() const {
  static const std::string none;
  return none;
}

void Transport::cut() { ::shutdown(fd(), SHUT_RDWR); }

void Transport::reset_on_close() {
  const linger hard{1, 0};
  ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

bool Transport::discard_input() {
  std::uint8_t waste[16384];
  for (int i = 0; i < 16; ++i) {
    const ssize_t count = ::recv(fd(), waste, sizeof waste, 0);
    if (count == 0) return true;
    if (count < 0) return errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR;
  }
  return false;
}

std::unique_ptr<Transport> make_plain_transport(FileDescriptor fd) {
  return std::make_unique<PlainTransport>(std::move(fd));
}

}  // namespace stratus::net
