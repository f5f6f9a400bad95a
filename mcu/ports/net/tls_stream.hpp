// TLS 1.2 by BearSSL over a TcpSocket, as the library's Stream: ECDHE-ECDSA with AES-128-GCM on P-256, both
// ends authenticated. Nothing is allocated; the server is asked to keep to our small records
// (max_fragment_length).
#pragma once

#include "ports/net/tcp_socket.hpp"
#include <bearssl.h>

#include "stratus/mcu/csr.hpp"
#include "stratus/mcu/ports.hpp"

namespace stratus::mcu::net {

// Whom we trust and who we are; shared by all connections. Certificates are refused outside their time.
struct TlsContext {
  br_x509_trust_anchor root = {};
  br_x509_minimal_context x509;  // of the handshake under way: only one at a time
  br_x509_certificate chain[2] = {};
  br_ec_private_key key = {};  // no curve: no client certificate yet
  const char* server_name;     // must stand in the server's certificate
  Clock* clock;
  Entropy* entropy;
};

class TlsStream final : public Stream {
 public:
  TlsStream(TcpSocket& socket, TlsContext& context, uint32_t timeout_ms)
      : socket_(socket), context_(context), timeout_ms_(timeout_ms) {}

  bool open() override;
  int32_t read(void* to, uint32_t size) override;
  bool readable() override;
  bool write(const void* from, uint32_t size) override;  // kept until a record is full or somebody reads
  void close() override;
  int error() const { return br_ssl_engine_last_error(&client_.eng); }  // BearSSL's, for logs

 private:
  // Moves records until the engine offers one of `wanted`; false: the connection is over, or time is.
  bool run(unsigned wanted, uint32_t timeout_ms);

  TcpSocket& socket_;
  TlsContext& context_;
  uint32_t timeout_ms_;
  br_ssl_client_context client_;
  // A record of 512 bytes each way, and what TLS adds.
  uint8_t in_[512 + 325];
  uint8_t out_[512 + 85];
};

// The device's key in BearSSL's hands.
class EcDeviceKey final : public DeviceKey {
 public:
  explicit EcDeviceKey(const uint8_t key[32]) : key_(key) {}
  bool public_key(uint8_t xy[64]) override;
  uint32_t sign(const uint8_t digest[32], uint8_t* out) override;

 private:
  const uint8_t* key_;
};

// Draws a private key; false when the entropy failed.
bool make_key(Entropy& entropy, uint8_t key[32]);

// Digests and the release key's signatures by BearSSL, which the firmware holds anyway.
class BearCrypto final : public Crypto {
 public:
  explicit BearCrypto(const uint8_t* public_key) : key_(public_key) {}  // x and y
  void hash_begin() override { br_sha256_init(&hash_); }
  void hash_add(const void* data, uint32_t size) override { br_sha256_update(&hash_, data, size); }
  void hash_end(uint8_t digest[32]) override { br_sha256_out(&hash_, digest); }
  bool verify(const uint8_t digest[32], const uint8_t* signature, uint32_t size) override;

 private:
  const uint8_t* key_;
  br_sha256_context hash_;
};

// A generator from a seed in two flash sectors. Each start takes the newest seed and writes its successor
// before it gives out a byte, so no two starts ever draw the same.
class SeededEntropy final : public Entropy {
 public:
  SeededEntropy(Flash& flash, uint32_t at) : flash_(flash), at_(at) {}
  // `first`: for the very first start, from the factory. `salt`: whatever differs, for example a timer.
  bool start(const uint8_t first[32], uint32_t salt);
  bool fill(void* to, uint32_t size) override;

 private:
  Flash& flash_;
  uint32_t at_;
  bool ready_ = false;
  br_hmac_drbg_context drbg_;
};

}  // namespace stratus::mcu::net
