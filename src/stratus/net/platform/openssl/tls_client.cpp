#include "stratus/net/platform/openssl/tls_client.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>
#include <mutex>
#include <vector>

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "stratus/base/clock.hpp"
#include "stratus/base/digest.hpp"
#include "stratus/crypto/certificate_info.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/net/platform/openssl/tls_transport.hpp"

namespace stratus::net {
namespace {

struct FreeX509 {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using KeyPointer = std::unique_ptr<EVP_PKEY, FreeKey>;
struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct FreeChain {
  void operator()(STACK_OF(X509) * chain) const { sk_X509_pop_free(chain, X509_free); }
};

struct LoadedIdentity final : TlsIdentity {
  std::unique_ptr<X509, FreeX509> certificate;
  std::shared_ptr<STACK_OF(X509)> chain;
  std::string chain_pem;  // as it was read
  KeyPointer key;
};

std::unique_ptr<X509, FreeX509> read_certificate(std::string_view pem) {
  const std::unique_ptr<BIO, FreeBio> text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return std::unique_ptr<X509, FreeX509>(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
}

// Of any kind, not encrypted; null when there is none. Never asks a terminal for a pass phrase.
KeyPointer read_key(std::string_view pem) {
  const std::unique_ptr<BIO, FreeBio> text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const auto no_phrase = [](char*, int, int, void*) { return 0; };
  KeyPointer key(PEM_read_bio_PrivateKey(text.get(), nullptr, no_phrase, nullptr));
  ERR_clear_error();
  return key;
}

Result<std::shared_ptr<const TlsIdentity>> join(std::string_view certificates, KeyPointer key,
                                                const LoadedIdentity* sibling) {
  const std::vector<std::string> all = crypto::split_certificates(certificates);
  if (all.empty()) return fail(ErrorCode::invalid, "there is no certificate");
  auto made = std::make_shared<LoadedIdentity>();
  made->certificate = read_certificate(all.front());
  for (std::size_t i = 1; i < all.size(); ++i) made->chain_pem += all[i];
  if (sibling != nullptr && sibling->chain_pem == made->chain_pem) {
    made->chain = sibling->chain;
  } else {
    made->chain = std::shared_ptr<STACK_OF(X509)>(sk_X509_new_null(), FreeChain());
    for (std::size_t i = 1; i < all.size(); ++i) {
      auto next = read_certificate(all[i]);
      if (next && sk_X509_push(made->chain.get(), next.get()) > 0) (void)next.release();
    }
  }
  made->key = std::move(key);
  ERR_clear_error();
  if (!made->certificate) return fail(ErrorCode::invalid, "the certificate cannot be read");
  if (X509_check_private_key(made->certificate.get(), made->key.get()) != 1) {
    ERR_clear_error();
    return fail(ErrorCode::invalid, "the key does not belong to the certificate");
  }
  return std::shared_ptr<const TlsIdentity>(std::move(made));
}

// What servers showed and what came of it. Judged anew after a minute, so that the end of a certificate is
// seen.
class Verdicts {
 public:
  static int judge(X509_STORE_CTX* store, void* self) { return static_cast<Verdicts*>(self)->judge(store); }

 private:
  static constexpr std::size_t kMost = 64;
  static constexpr std::chrono::seconds kLife{60};

  int judge(X509_STORE_CTX* store) {
    const Digest shown = digest_of(store);
    const SteadyTime now = std::chrono::steady_clock::now();
    const std::lock_guard lock(mutex_);
    if (const auto found = good_.find(shown); found != good_.end() && now < found->second) {
      X509_STORE_CTX_set_error(store, X509_V_OK);
      return 1;
    }
    const int verdict = X509_verify_cert(store);
    if (good_.size() >= kMost) good_.clear();
    if (verdict == 1) good_[shown] = now + kLife;
    return verdict;
  }

  // The name that is asked for and every certificate, each with its length.
  static Digest digest_of(X509_STORE_CTX* store) {
    Sha256 hash;
    const auto add = [&hash](const void* data, std::size_t size) {
      hash.update(as_bytes(std::to_string(size) + ":"));
      hash.update(BytesView(static_cast<const std::uint8_t*>(data), size));
    };
    X509_VERIFY_PARAM* const wanted = X509_STORE_CTX_get0_param(store);
    const char* const host = X509_VERIFY_PARAM_get0_host(wanted, 0);
    char* const address = X509_VERIFY_PARAM_get1_ip_asc(wanted);
    for (const char* const name : {host, static_cast<const char*>(address)})
      add(name, name == nullptr ? 0 : std::strlen(name));
    OPENSSL_free(address);
    const auto add_certificate = [&add](X509* certificate) {
      unsigned char* der = nullptr;
      const int length = i2d_X509(certificate, &der);
      add(der, static_cast<std::size_t>(std::max(length, 0)));
      OPENSSL_free(der);
    };
    add_certificate(X509_STORE_CTX_get0_cert(store));
    const STACK_OF(X509)* const above = X509_STORE_CTX_get0_untrusted(store);
    for (int i = 0; i < sk_X509_num(above); ++i) add_certificate(sk_X509_value(above, i));
    return hash.finish();
  }

  std::mutex mutex_;  // contexts are shared by threads
  std::map<Digest, SteadyTime> good_;
};

// The peer asks for our certificate and names whom it trusts. When that is who issued ours, what is above is
// left out (RFC 8446, 4.4.2): the peer has it, and reading a certificate costs it as much as a signature.
int choose_chain(SSL* ssl, void* /*unused*/) {
  X509* const own = SSL_get_certificate(ssl);
  const STACK_OF(X509_NAME)* const trusted = SSL_get0_peer_CA_list(ssl);
  for (int i = 0; own != nullptr && i < sk_X509_NAME_num(trusted); ++i) {
    if (X509_NAME_cmp(sk_X509_NAME_value(trusted, i), X509_get_issuer_name(own)) != 0) continue;
    SSL_clear_chain_certs(ssl);
    break;
  }
  return 1;
}

class OpenSslClientContext final : public TlsClientContext {
 public:
  OpenSslClientContext(ContextPointer context, ServerJudgement judgement) : context_(std::move(context)) {
    if (judgement != ServerJudgement::remembered) return;
    verdicts_ = std::make_unique<Verdicts>();
    SSL_CTX_set_cert_verify_callback(context_.get(), &Verdicts::judge, verdicts_.get());
  }

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
  std::unique_ptr<Verdicts> verdicts_;  // when they are remembered
  ContextPointer context_;
};

}  // namespace

Result<std::shared_ptr<const TlsIdentity>> TlsIdentity::load(const std::filesystem::path& certificate,
                                                             const std::filesystem::path& key) {
  STRATUS_TRY(certificates, read_file(certificate, 256u << 10));
  STRATUS_TRY(secret, read_file(key, 64u << 10));
  auto own = read_key(secret);
  if (!own) return fail(ErrorCode::invalid, key.string() + " holds no key that can be read");
  return join(certificates, std::move(own), nullptr).with_context(certificate.string());
}

Result<std::shared_ptr<const TlsIdentity>> TlsIdentity::make(std::string_view certificates,
                                                             const crypto::SigningKey& key,
                                                             const TlsIdentity* sibling) {
  auto* const native = static_cast<EVP_PKEY*>(key.native());
  if (EVP_PKEY_up_ref(native) != 1) return fail(ErrorCode::internal, "the key cannot be shared");
  return join(certificates, KeyPointer(native), static_cast<const LoadedIdentity*>(sibling));
}

Result<std::shared_ptr<TlsClientContext>> TlsClientContext::make(const std::filesystem::path& ca_file,
                                                                 ServerJudgement judgement) {
  ContextPointer context(SSL_CTX_new(TLS_client_method()));
  if (!context) return fail(ErrorCode::internal, "TLS context: " + take_tls_error());
  SSL_CTX* const raw = context.get();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cipher_list(raw, "ECDHE+AES128GCM:ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                            SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_cert_cb(raw, &choose_chain, nullptr);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  ERR_clear_error();
  const bool trusted = ca_file.empty() ? SSL_CTX_set_default_verify_paths(raw) == 1
                                       : SSL_CTX_load_verify_file(raw, ca_file.c_str()) == 1;
  if (!trusted) return fail(ErrorCode::invalid, "roots in " + ca_file.string() + ": " + take_tls_error());
  return std::make_shared<OpenSslClientContext>(std::move(context), judgement);
}

}  // namespace stratus::net
