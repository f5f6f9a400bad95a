#include "stratus/net/platform/openssl/tls_server.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include "stratus/net/platform/openssl/tls_transport.hpp"

namespace stratus::net {
namespace {

class OpenSslServerContext final : public TlsServerContext {
 public:
  explicit OpenSslServerContext(ContextPointer context) : context_(std::move(context)) {}

  std::unique_ptr<Transport> accept(FileDescriptor fd) override {
    SslPointer ssl(SSL_new(context_.get()));  // holds a reference to the context
    if (ssl) SSL_set_accept_state(ssl.get());
    return make_tls_transport(std::move(fd), std::move(ssl));
  }

 private:
  ContextPointer context_;
};

}  // namespace

Result<std::shared_ptr<TlsServerContext>> TlsServerContext::make(const std::filesystem::path& certificate,
                                                                 const std::filesystem::path& key) {
  ContextPointer context(SSL_CTX_new(TLS_server_method()));
  if (!context) return fail(ErrorCode::internal, "TLS context: " + take_tls_error());
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
                std::string(what) + " " + path.string() + ": " + take_tls_error());
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
