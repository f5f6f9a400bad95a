#include "ports/posix/openssl_ports.hpp"

#include <ctime>

#include <netdb.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace stratus::mcu::posix {
namespace {

// A P-256 key of its parts; `secret` may be null.
EVP_PKEY* key_from(const uint8_t point[65], const uint8_t* secret) {
  OSSL_PARAM_BLD* const builder = OSSL_PARAM_BLD_new();
  BIGNUM* const number = secret != nullptr ? BN_bin2bn(secret, 32, nullptr) : nullptr;
  OSSL_PARAM_BLD_push_utf8_string(builder, "group", "prime256v1", 0);
  OSSL_PARAM_BLD_push_octet_string(builder, "pub", point, 65);
  if (number != nullptr) OSSL_PARAM_BLD_push_BN(builder, "priv", number);
  OSSL_PARAM* const parameters = OSSL_PARAM_BLD_to_param(builder);
  EVP_PKEY_CTX* const context = EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr);
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata_init(context) != 1 ||
      EVP_PKEY_fromdata(context, &key, secret != nullptr ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY,
                        parameters) != 1)
    key = nullptr;
  EVP_PKEY_CTX_free(context);
  OSSL_PARAM_free(parameters);
  OSSL_PARAM_BLD_free(builder);
  BN_clear_free(number);
  return key;
}

bool point_of(const uint8_t secret[32], uint8_t point[65]) {
  EC_GROUP* const group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
  EC_POINT* const product = EC_POINT_new(group);
  BIGNUM* const number = BN_bin2bn(secret, 32, nullptr);
  const bool good =
      EC_POINT_mul(group, product, number, nullptr, nullptr, nullptr) == 1 &&
      EC_POINT_point2oct(group, product, POINT_CONVERSION_UNCOMPRESSED, point, 65, nullptr) == 65;
  BN_clear_free(number);
  EC_POINT_free(product);
  EC_GROUP_free(group);
  return good;
}

X509* certificate_from(const std::vector<uint8_t>& der) {
  const uint8_t* at = der.data();
  return d2i_X509(nullptr, &at, static_cast<long>(der.size()));
}

}  // namespace

OpenSslCrypto::OpenSslCrypto(const std::array<uint8_t, 64>& key) : hash_(EVP_MD_CTX_new()) {
  uint8_t point[65] = {4};
  std::copy(key.begin(), key.end(), point + 1);
  key_ = key_from(point, nullptr);
}
OpenSslCrypto::~OpenSslCrypto() {
  EVP_MD_CTX_free(hash_);
  EVP_PKEY_free(key_);
}
void OpenSslCrypto::hash_begin() { EVP_DigestInit_ex(hash_, EVP_sha256(), nullptr); }
void OpenSslCrypto::hash_add(const void* data, uint32_t size) { EVP_DigestUpdate(hash_, data, size); }
void OpenSslCrypto::hash_end(uint8_t digest[32]) { EVP_DigestFinal_ex(hash_, digest, nullptr); }

bool OpenSslCrypto::verify(const uint8_t digest[32], const uint8_t* signature, uint32_t size) {
  if (key_ == nullptr) return false;
  EVP_PKEY_CTX* const context = EVP_PKEY_CTX_new(key_, nullptr);
  const bool good =
      EVP_PKEY_verify_init(context) == 1 && EVP_PKEY_verify(context, signature, size, digest, 32) == 1;
  EVP_PKEY_CTX_free(context);
  return good;
}

OpenSslKey::OpenSslKey(const uint8_t secret[32]) : key_(nullptr) {
  uint8_t point[65];
  if (point_of(secret, point)) key_ = key_from(point, secret);
}
OpenSslKey::~OpenSslKey() { EVP_PKEY_free(key_); }

bool OpenSslKey::public_key(uint8_t xy[64]) {
  uint8_t point[65];
  size_t size = 0;
  if (EVP_PKEY_get_octet_string_param(key_, "pub", point, sizeof point, &size) != 1 || size != 65)
    return false;
  std::copy(point + 1, point + 65, xy);
  return true;
}

uint32_t OpenSslKey::sign(const uint8_t digest[32], uint8_t* out) {
  EVP_PKEY_CTX* const context = EVP_PKEY_CTX_new(key_, nullptr);
  size_t size = 72;
  const bool good = EVP_PKEY_sign_init(context) == 1 && EVP_PKEY_sign(context, out, &size, digest, 32) == 1;
  EVP_PKEY_CTX_free(context);
  return good ? static_cast<uint32_t>(size) : 0;
}

bool make_secret(uint8_t secret[32]) {
  EVP_PKEY* const key = EVP_EC_gen("prime256v1");
  BIGNUM* number = nullptr;
  const bool good = key != nullptr && EVP_PKEY_get_bn_param(key, "priv", &number) == 1 &&
                    BN_bn2binpad(number, secret, 32) == 32;
  BN_clear_free(number);
  EVP_PKEY_free(key);
  return good;
}

bool OpenSslEntropy::fill(void* to, uint32_t size) {
  return RAND_bytes(static_cast<unsigned char*>(to), static_cast<int>(size)) == 1;
}

uint32_t SystemClock::millis() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint32_t>(now.tv_sec * 1000 + now.tv_nsec / 1'000'000);
}
uint32_t SystemClock::unix_time() { return static_cast<uint32_t>(std::time(nullptr)); }

void TlsIdentity::use(const uint8_t secret[32], std::vector<uint8_t> certificate,
                      std::vector<uint8_t> chain) {
  std::copy(secret, secret + 32, secret_.begin());
  certificate_ = std::move(certificate);
  chain_ = std::move(chain);
}

ssl_ctx_st* TlsIdentity::make_context() const {
  SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  bool good = SSL_CTX_load_verify_locations(context, root_file_.c_str(), nullptr) == 1;
  if (good && !certificate_.empty()) {
    const OpenSslKey key(secret_.data());
    X509* const own = certificate_from(certificate_);
    X509* const above = certificate_from(chain_);
    good = own != nullptr && above != nullptr && SSL_CTX_use_certificate(context, own) == 1 &&
           SSL_CTX_add1_chain_cert(context, above) == 1 && SSL_CTX_use_PrivateKey(context, key.get()) == 1;
    X509_free(own);
    X509_free(above);
  }
  if (good) return context;
  SSL_CTX_free(context);
  return nullptr;
}

bool TlsStream::connect() {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host_.c_str(), port_.c_str(), &hints, &found) != 0) return false;
  for (const addrinfo* one = found; one != nullptr && socket_ < 0; one = one->ai_next) {
    socket_ = ::socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval timeout = {timeout_ms_ / 1000, timeout_ms_ % 1000 * 1000};
    if (socket_ >= 0) setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);  // of connect()
    if (socket_ >= 0 && ::connect(socket_, one->ai_addr, one->ai_addrlen) != 0) {
      ::close(socket_);
      socket_ = -1;
    }
  }
  freeaddrinfo(found);
  return socket_ >= 0;
}

bool TlsStream::open() {
  close();
  context_ = identity_.make_context();
  if (context_ == nullptr || !connect()) return false;
  ssl_ = SSL_new(context_);
  SSL_set_fd(ssl_, socket_);
  SSL_set_tlsext_host_name(ssl_, host_.c_str());
  X509_VERIFY_PARAM* const wanted = SSL_get0_param(ssl_);
  if (X509_VERIFY_PARAM_set1_ip_asc(wanted, host_.c_str()) != 1) SSL_set1_host(ssl_, host_.c_str());
  // The handshake may block; afterwards nothing does, so that a record without data keeps nobody waiting.
  const timeval timeout = {timeout_ms_ / 1000, timeout_ms_ % 1000 * 1000};
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  if (SSL_connect(ssl_) == 1 && BIO_socket_nbio(socket_, 1) == 1) return true;
  close();
  return false;
}

bool TlsStream::wait(int result) {
  const int why = SSL_get_error(ssl_, result);
  if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) return false;
  pollfd one = {socket_, static_cast<short>(why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT), 0};
  return ::poll(&one, 1, timeout_ms_) == 1;
}

int32_t TlsStream::read(void* to, uint32_t size) {
  if (ssl_ == nullptr) return -1;
  for (;;) {
    const int got = SSL_read(ssl_, to, static_cast<int>(size));
    if (got > 0) return got;
    const int why = SSL_get_error(ssl_, got);
    if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) return 0;  // closed, cut off or reset
    if (!wait(got)) return -1;
  }
}

bool TlsStream::readable() {
  if (ssl_ == nullptr) return true;
  uint8_t one;
  const int got = SSL_peek(ssl_, &one, 1);
  return got > 0 || SSL_get_error(ssl_, got) != SSL_ERROR_WANT_READ;
}

bool TlsStream::write(const void* from, uint32_t size) {
  if (ssl_ == nullptr) return false;
  for (;;) {
    const int sent = SSL_write(ssl_, from, static_cast<int>(size));
    if (sent == static_cast<int>(size)) return true;
    if (sent > 0 || !wait(sent)) return false;
  }
}

void TlsStream::close() {
  if (ssl_ != nullptr) SSL_shutdown(ssl_);
  SSL_free(ssl_);
  SSL_CTX_free(context_);
  if (socket_ >= 0) ::close(socket_);
  ssl_ = nullptr;
  context_ = nullptr;
  socket_ = -1;
}

}  // namespace stratus::mcu::posix
