#include "stratus/net/platform/openssl/tls_client.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "stratus/net/platform/openssl/tls_transport.hpp"

namespace stratus::net {
namespace {

struct FreeX509 {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct FreeChain {
  void operator()(STACK_OF(X509) * chain) const { sk_X509_pop_free(chain, X509_free); }
};

struct LoadedIdentity final : TlsIdentity {
  std::unique_ptr<X509, FreeX509> certificate;
  std::unique_ptr<STACK_OF(X509), FreeChain> chain;
  std::unique_ptr<EVP_PKEY, FreeKey> key;
};

class OpenSslClientContext final : public TlsClientContext {
 public:
  explicit OpenSslClientContext(ContextPointer context) : context_(std::move(context)) {}

  std::unique_ptr<Transport> connect(FileDescriptor fd, const std::string& host,
                                     const TlsIdentity* identity) override {
    SslPointer ssl(SSL_new(context_.get()));
    if (!ssl) return nullptr;
    SSL_set_connect_state(ssl.get());
    X509_VERIFY_PARAM* const wanted = SSL_get0_param(ssl.get());
    in6_addr address{};
    const bool is_address = ::inet_pton(AF_INET, host.c_str(), &address) == 1 ||
                            ::inet_pton(AF_INET6, host.c_str(), &address) == 1;
    const bool named = is_address ? X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str()) == 1
                                  : X509_VERIFY_PARAM_set1_host(wanted, host.data(), host.size()) == 1;
    if (!named) return nullptr;  // an unchecked name must never happen
    if (!is_address) SSL_set_tlsext_host_name(ssl.get(), host.c_str());
    const auto* const own = static_cast<const LoadedIdentity*>(identity);
    if (own != nullptr &&
        SSL_use_cert_and_key(ssl.get(), own->certificate.get(), own->key.get(), own->chain.get(), 1) != 1) {
      return nullptr;
    }
    return make_tls_transport(std::move(fd), std::move(ssl));
  }

 private:
  ContextPointer context_;
};

}  // namespace

Result<std::shared_ptr<const TlsIdentity>> TlsIdentity::load(const std::filesystem::path& certificate,
                                                             const std::filesystem::path& key) {
  auto loaded = std::make_shared<LoadedIdentity>();
  STRATUS_TRY(certificate_text, read_file(certificate, 256u << 10));
  STRATUS_TRY(key_text, read_file(key, 64u << 10));
  const std::unique_ptr<BIO, FreeBio> chain(
      BIO_new_mem_buf(certificate_text.data(), static_cast<int>(certificate_text.size())));
  const std::unique_ptr<BIO, FreeBio> secret(
      BIO_new_mem_buf(key_text.data(), static_cast<int>(key_text.size())));
  loaded->certificate.reset(PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr));
  loaded->chain.reset(sk_X509_new_null());
  while (X509* const next = PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr)) {
    sk_X509_push(loaded->chain.get(), next);
  }
  loaded->key.reset(PEM_read_bio_PrivateKey(secret.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (!loaded->certificate) return fail(ErrorCode::invalid, certificate.string() + " holds no certificate");
  if (!loaded->key) return fail(ErrorCode::invalid, key.string() + " holds no key");
  if (X509_check_private_key(loaded->certificate.get(), loaded->key.get()) != 1) {
    return fail(ErrorCode::invalid, key.string() + " does not belong to " + certificate.string());
  }
  return std::shared_ptr<const TlsIdentity>(std::move(loaded));
}

Result<std::shared_ptr<TlsClientContext>> TlsClientContext::make(const std::filesystem::path& ca_file) {
  ContextPointer context(SSL_CTX_new(TLS_client_method()));
  if (!context) return fail(ErrorCode::internal, "TLS context: " + take_tls_error());
  SSL_CTX* const raw = context.get();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cipher_list(raw, "ECDHE+AES128GCM:ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(
      raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  ERR_clear_error();
  const bool trusted = ca_file.empty() ? SSL_CTX_set_default_verify_paths(raw) == 1
                                       : SSL_CTX_load_verify_file(raw, ca_file.c_str()) == 1;
  if (!trusted) return fail(ErrorCode::invalid, "roots in " + ca_file.string() + ": " + take_tls_error());
  return std::make_shared<OpenSslClientContext>(std::move(context));
}

}  // namespace stratus::net
