#include "stratus/net/platform/openssl/tls_server.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <unistd.h>

#include "stratus/net/platform/openssl/tls_transport.hpp"

namespace stratus::net {
namespace {

class OpenSslServerContext final : public TlsServerContext {
 public:
  OpenSslServerContext(ContextPointer context, std::function<bool(const crypto::CertificateInfo&)> admit)
      : context_(std::move(context)), admit_(std::move(admit)) {
    SSL_CTX_set_app_data(context_.get(), this);
  }

  std::unique_ptr<Transport> accept(FileDescriptor fd) override {
    SslPointer ssl(SSL_new(context_.get()));  // holds a reference to the context
    if (ssl) SSL_set_accept_state(ssl.get());
    return make_tls_transport(std::move(fd), std::move(ssl));
  }

  Result<void> ask_for_certificates(const std::string& client_ca);

 private:
  bool admits(X509* certificate) const {
    const auto info = certificate_info(certificate);
    return info != nullptr && (!admit_ || admit_(*info));
  }

  // Called for each certificate of the chain, from the root down, with what OpenSSL thinks of it.
  static int on_verify(int good, X509_STORE_CTX* store) {
    const bool leaf = X509_STORE_CTX_get_error_depth(store) == 0;
    if (good == 0) {
      if (!leaf || X509_STORE_CTX_get_error(store) != X509_V_ERR_CERT_HAS_EXPIRED) return 0;
      X509_STORE_CTX_set_error(store, X509_V_OK);  // the handlers see that it has expired
      return 1;
    }
    if (!leaf) return 1;
    auto* const ssl =
        static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    const auto* const self = static_cast<OpenSslServerContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    if (self->admits(X509_STORE_CTX_get_current_cert(store))) {
      // A ticket (TLS 1.3) holds the peer's certificate: both ways it is as long as the certificates that it
      // spares, and OpenSSL decodes that certificate again for each ticket it writes or reads.
      SSL_set_num_tickets(ssl, 0);
      return 1;
    }
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REVOKED);
    return 0;
  }

  // A session that is no longer welcome is not resumed; the full handshake that follows says why.
  static SSL_TICKET_RETURN on_ticket(SSL*, SSL_SESSION* session, const unsigned char*, size_t,
                                     SSL_TICKET_STATUS status, void* argument) {
    if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
      return SSL_TICKET_RETURN_IGNORE_RENEW;
    // Nor one whose certificate has expired: a renewed one is only shown in a full handshake.
    X509* const peer = SSL_SESSION_get0_peer(session);
    if (peer != nullptr && (!static_cast<OpenSslServerContext*>(argument)->admits(peer) ||
                            X509_cmp_current_time(X509_get0_notAfter(peer)) <= 0)) {
      return SSL_TICKET_RETURN_IGNORE_RENEW;
    }
    return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
  }

  ContextPointer context_;
  std::function<bool(const crypto::CertificateInfo&)> admit_;
};

Result<void> OpenSslServerContext::ask_for_certificates(const std::string& client_ca) {
  SSL_CTX* const raw = context_.get();
  X509_STORE* const store = SSL_CTX_get_cert_store(raw);
  STACK_OF(X509_NAME)* const names = sk_X509_NAME_new_null();  // of the context, once set
  SSL_CTX_set_client_CA_list(raw, names);
  int count = 0;
  for (const std::string& pem : crypto::split_certificates(client_ca)) {
    BIO* const bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
    X509* const certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
    // The names tell browsers that none of the certificates they may hold is meant.
    const bool added = certificate != nullptr && X509_STORE_add_cert(store, certificate) == 1 &&
                       SSL_CTX_add_client_CA(raw, certificate) == 1;
    X509_free(certificate);
    BIO_free(bio);
    if (!added)
      return fail(ErrorCode::invalid, "a certificate that vouches for clients: " + take_tls_error());
    ++count;
  }
  if (count == 0) return fail(ErrorCode::invalid, "no certificate that could vouch for clients");
  SSL_CTX_set_verify_depth(raw, 3);
  // An intermediate of ours vouches by itself: the root's signature on it is not checked in each handshake.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(raw), X509_V_FLAG_PARTIAL_CHAIN);
  SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, &OpenSslServerContext::on_verify);
  SSL_CTX_set_session_ticket_cb(raw, nullptr, &OpenSslServerContext::on_ticket, this);
  return {};
}

// Clients have the root; every handshake would carry it for nothing.
void leave_out_roots(SSL_CTX* context) {
  STACK_OF(X509)* chain = nullptr;
  SSL_CTX_get0_chain_certs(context, &chain);
  STACK_OF(X509)* const kept = sk_X509_new_null();
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    X509* const certificate = sk_X509_value(chain, i);
    if (X509_self_signed(certificate, 0) != 1) sk_X509_push(kept, certificate);
  }
  SSL_CTX_set1_chain(context, kept);
  sk_X509_free(kept);
}

}  // namespace

Result<std::shared_ptr<TlsServerContext>> TlsServerContext::make(const ServerTls& tls) {
  const std::filesystem::path& certificate = tls.certificate;
  const std::filesystem::path& key = tls.key;
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
  SSL_CTX_set_mode(raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                            SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
  // Tickets instead of a session cache: nothing to keep per client. One is enough.
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
  leave_out_roots(raw);
  auto made = std::make_shared<OpenSslServerContext>(std::move(context), tls.admit);
  if (!tls.client_ca.empty()) {
    STRATUS_CHECK(made->ask_for_certificates(tls.client_ca));
  }
  return made;
}

}  // namespace stratus::net
