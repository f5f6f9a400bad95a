#include "stratus/net/platform/openssl/tls_transport.hpp"

#include <algorithm>
#include <array>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stratus/crypto/native_certificate.hpp"
#include "stratus/net/platform/openssl/socket_bio.hpp"

namespace stratus::net {
namespace {

constexpr std::size_t kFileTurn = 256 * 1024;  // bytes moved by one attempt

// File bytes on their way into records. One for the thread: an attempt that must be repeated reads the same
// bytes again, so nothing has to be kept for a connection that waits.
std::span<std::uint8_t> file_buffer() {
  static thread_local std::array<std::uint8_t, SSL3_RT_MAX_PLAIN_LENGTH> buffer;
  return buffer;
}

class TlsTransport final : public Transport {
 public:
  TlsTransport(FileDescriptor fd, SslPointer ssl) : Transport(std::move(fd)), ssl_(std::move(ssl)) {
    socket_.fd = this->fd();
  }
  bool attach() { return set_socket(ssl_.get(), &socket_); }

  Attempt handshake() override {
    ERR_clear_error();
    const Attempt attempt = outcome(SSL_do_handshake(ssl_.get()), 0);
    if (attempt.outcome == Attempt::Outcome::moved) {
      if (X509* const peer = SSL_get0_peer_certificate(ssl_.get())) peer_ = certificate_info(peer);
    }
    return attempt;
  }

  Attempt read(std::span<std::uint8_t> into) override {
    std::size_t count = 0;
    ERR_clear_error();
    const int result = SSL_read_ex(ssl_.get(), into.data(), into.size(), &count);
    return outcome(result, count);
  }

  Attempt write(BytesView data, bool more) override {
    std::size_t done = 0;
    while (done < data.size()) {  // a call writes one record
      std::size_t count = 0;
      socket_.more = more || data.size() - done > SSL3_RT_MAX_PLAIN_LENGTH;
      ERR_clear_error();
      const int result = SSL_write_ex(ssl_.get(), data.data() + done, data.size() - done, &count);
      if (result != 1) return done > 0 ? Attempt{Attempt::Outcome::moved, done} : outcome(result, 0);
      done += count;
    }
    return {Attempt::Outcome::moved, done};
  }

  // One record's worth at a time: the bytes are still in the nearest cache when they are encrypted, and what
  // a full socket does not take was not read for nothing.
  Attempt send_file(int file, std::uint64_t offset, std::uint64_t length) override {
    std::size_t moved = 0;
    const auto turn = static_cast<std::size_t>(std::min<std::uint64_t>(kFileTurn, length));
    while (moved < turn) {
      const auto record = file_buffer().first(std::min(file_buffer().size(), turn - moved));
      ssize_t count = -1;
      do count = ::pread(file, record.data(), record.size(), static_cast<off_t>(offset + moved));
      while (count < 0 && errno == EINTR);
      if (count <= 0) return {Attempt::Outcome::failed, 0};
      const Attempt attempt =
          write(record.first(static_cast<std::size_t>(count)), moved + record.size() < turn);
      if (attempt.outcome != Attempt::Outcome::moved)
        return moved > 0 ? Attempt{Attempt::Outcome::moved, moved} : attempt;
      moved += attempt.count;
    }
    return {Attempt::Outcome::moved, moved};
  }

  bool has_pending() const override { return SSL_has_pending(ssl_.get()) == 1; }
  bool secure() const override { return true; }
  const std::string& problem() const override { return problem_; }
  std::shared_ptr<const crypto::CertificateInfo> peer_certificate() const override { return peer_; }

  void end_sending() override {
    ERR_clear_error();
    if (SSL_is_init_finished(ssl_.get()) == 1) SSL_shutdown(ssl_.get());
    ERR_clear_error();
    ::shutdown(fd(), SHUT_WR);
  }

 private:
  Attempt outcome(int result, std::size_t count) {
    if (result == 1) return {Attempt::Outcome::moved, count};
    switch (SSL_get_error(ssl_.get(), result)) {
      case SSL_ERROR_WANT_READ:
        return {Attempt::Outcome::want_read, 0};
      case SSL_ERROR_WANT_WRITE:
        return {Attempt::Outcome::want_write, 0};
      case SSL_ERROR_ZERO_RETURN:
        return {Attempt::Outcome::closed, 0};
      default:
        if (problem_.empty()) problem_ = take_tls_error();
        return {Attempt::Outcome::failed, 0};
    }
  }

  SocketUnderTls socket_;
  SslPointer ssl_;  // uses socket_
  std::string problem_;
  std::shared_ptr<const crypto::CertificateInfo> peer_;
};

}  // namespace

std::string take_tls_error() {
  const unsigned long code = ERR_peek_last_error();
  const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  std::array<char, 256> text{};
  if (reason == nullptr) ERR_error_string_n(code, text.data(), text.size());
  ERR_clear_error();
  if (code == 0) return {};
  return reason != nullptr ? reason : text.data();
}

std::unique_ptr<Transport> make_tls_transport(FileDescriptor fd, SslPointer ssl) {
  if (!ssl) return nullptr;
  auto transport = std::make_unique<TlsTransport>(std::move(fd), std::move(ssl));
  if (!transport->attach()) return nullptr;
  return transport;
}

std::shared_ptr<const crypto::CertificateInfo> certificate_info(X509* certificate) {
  auto info = crypto::certificate_info_of(certificate);
  if (!info) return nullptr;
  return std::make_shared<const crypto::CertificateInfo>(std::move(*info));
}

void FreeSsl::operator()(ssl_st* ssl) const { SSL_free(ssl); }
void FreeContext::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

}  // namespace stratus::net
