// A non-blocking byte stream over one socket: plain, or TLS with OpenSSL working on the descriptor itself.
// No waiting in here: an attempt either moves bytes or says what to wait for (Connection does the waiting).
// Not thread-safe; internal to net.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "stratus/base/bytes.hpp"
#include "stratus/base/file.hpp"
#include "stratus/crypto/certificate_info.hpp"

namespace stratus::net {

struct Attempt {
  enum class Outcome : std::uint8_t { moved, want_read, want_write, closed, failed };
  Outcome outcome = Outcome::moved;
  std::size_t count = 0;  // with `moved`
};

class Transport {
 public:
  virtual ~Transport() = default;

  virtual Attempt handshake() = 0;  // `moved` when done
  virtual Attempt read(std::span<std::uint8_t> into) = 0;
  // `more`: another write follows at once, so a small packet may wait for it.
  virtual Attempt write(BytesView data, bool more) = 0;
  virtual Attempt send_file(int file, std::uint64_t offset, std::uint64_t length) = 0;
  // Bytes already decrypted, which no readiness of the socket will announce.
  virtual bool has_pending() const = 0;
  virtual bool secure() const = 0;
  // Why an attempt failed, in words of the TLS library; empty when there is nothing to say.
  virtual const std::string& problem() const;
  // After the handshake: what the peer proved to be; null when it showed no certificate.
  virtual std::shared_ptr<const crypto::CertificateInfo> peer_certificate() const { return nullptr; }
  // Says goodbye (TLS close_notify) and ends our sending side.
  virtual void end_sending() = 0;

  int fd() const { return fd_.get(); }
  // From now on every wait ends: both directions are shut.
  void cut();
  // Close will reset, so that the peer cannot take what it got for everything.
  void reset_on_close();
  // Throws away what the peer still sends; true when it has closed.
  bool discard_input();

 protected:
  explicit Transport(FileDescriptor fd) : fd_(std::move(fd)) {}
  FileDescriptor fd_;
};

std::unique_ptr<Transport> make_plain_transport(FileDescriptor fd);

}  // namespace stratus::net
