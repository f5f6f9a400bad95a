#include "stratus/net/platform/openssl/tls_server.hpp"

#include <algorithm>
#include <array>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace stratus::net {
namespace {

struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using ContextPointer = std::unique_ptr<SSL_CTX, FreeContext>;
using SslPointer = std::unique_ptr<SSL, FreeSsl>;

constexpr std::size_t kFileTurn = 256 * 1024;  // bytes moved by one attempt

std::string last_error() {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_peek_last_error(), text.data(), text.size());
  ERR_clear_error();
  return text.data();
}

// File bytes on their way into records. One for the thread: an attempt that must be repeated reads the same
// bytes again, so nothing has to be kept for a connection that waits.
std::span<std::uint8_t> file_buffer() {
  static thread_local std::array<std::uint8_t, SSL3_RT_MAX_PLAIN_LENGTH> buffer;
  return buffer;
}

class TlsTransport final : public Transport {
 public:
  TlsTransport(FileDescriptor fd, SslPointer ssl) : Transport(std::move(fd)), ssl_(std::move(ssl)) {}

  Attempt handshake() override {
    ERR_clear_error();
    return outcome(SSL_accept(ssl_.get()), 0);
  }

  Attempt read(std::span<std::uint8_t> into) override {
    std::size_t count = 0;
    ERR_clear_error();
    const int result = SSL_read_ex(ssl_.get(), into.data(), into.size(), &count);
    return outcome(result, count);
  }

  Attempt write(BytesView data, bool /*more*/) override {
    std::size_t done = 0;
    while (done < data.size()) {  // a call writes one record
      std::size_t count = 0;
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
    while (moved < kFileTurn && moved < length) {
      const auto record = file_buffer().first(
          static_cast<std::size_t>(std::min<std::uint64_t>(file_buffer().size(), length - moved)));
      ssize_t count = -1;
      do count = ::pread(file, record.data(), record.size(), static_cast<off_t>(offset + moved));
      while (count < 0 && errno == EINTR);
      if (count <= 0) return {Attempt::Outcome::failed, 0};
      const Attempt attempt = write(record.first(static_cast<std::size_t>(count)), false);
      if (attempt.outcome != Attempt::Outcome::moved)
        return moved > 0 ? Attempt{Attempt::Outcome::moved, moved} : attempt;
      moved += attempt.count;
    }
    return {Attempt::Outcome::moved, moved};
  }

  bool has_pending() const override { return SSL_has_pending(ssl_.get()) == 1; }
  bool secure() const override { return true; }

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
        ERR_clear_error();
        return {Attempt::Outcome::failed, 0};
    }
  }

  SslPointer ssl_;
};

class OpenSslServerContext final : public TlsServerContext {
 public:
  explicit OpenSslServerContext(ContextPointer context) : context_(std::move(context)) {}

  std::unique_ptr<Transport> accept(FileDescriptor fd) override {
    SslPointer ssl(SSL_new(context_.get()));  // holds a reference to the context
    if (!ssl || SSL_set_fd(ssl.get(), fd.get()) != 1) return nullptr;
    SSL_set_accept_state(ssl.get());
    return std::make_unique<TlsTransport>(std::move(fd), std::move(ssl));
  }

 private:
  ContextPointer context_;
};

}  // namespace

Result<std::shared_ptr<TlsServerContext>> TlsServerContext::make(const std::filesystem::path& certificate,
                                                                 const std::filesystem::path& key) {
  ContextPointer context(SSL_CTX_new(TLS_server_method()));
  if (!context) return fail(ErrorCode::internal, "TLS context: " + last_error());
  SSL_CTX* const raw = context.get();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  // 1.2 with forward secrecy and authenticated ciphers only; AES-128 first, because it is the fastest where
  // there are instructions for it; a device without them says so by naming ChaCha first.
  SSL_CTX_set_cipher_list(raw, "ECDHE+AES128GCM:ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_ciphersuites(raw, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256");
  SSL_CTX_set_options(raw, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                               SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                               SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(
      raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  // Tickets instead of a session cache: nothing to keep per device. One is enough.
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_session_id_context(raw, reinterpret_cast<const unsigned char*>("stratus"), 7);
  SSL_CTX_set_num_tickets(raw, 1);

  const auto complain = [](const std::filesystem::path& path, std::string_view what) {
    const bool there = ::access(path.c_str(), R_OK) == 0;
    return fail(there ? ErrorCode::invalid : ErrorCode::not_found,
                std::string(what) + " " + path.string() + ": " + last_error());
  };
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(raw, certificate.c_str()) != 1)
    return complain(certificate, "TLS certificate");
  if (SSL_CTX_use_PrivateKey_file(raw, key.c_str(), SSL_FILETYPE_PEM) != 1) return complain(key, "TLS key");
  if (SSL_CTX_check_private_key(raw) != 1)
    return complain(key, "TLS key does not belong to the certificate:");
  return std::make_shared<OpenSslServerContext>(std::move(context));
}

}  // namespace stratus::net
