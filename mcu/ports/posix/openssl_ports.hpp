// The ports that a host gives by OpenSSL and sockets: digests, keys, random numbers, TLS both ways.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "stratus/mcu/ports.hpp"

struct evp_md_ctx_st;
struct evp_pkey_st;
struct ssl_ctx_st;
struct ssl_st;

namespace stratus::mcu::posix {

class OpenSslCrypto final : public Crypto {
 public:
  // x and y of the key that signs, kept as a copy.
  explicit OpenSslCrypto(const std::array<uint8_t, 64>& key);
  ~OpenSslCrypto();
  void hash_begin() override;
  void hash_add(const void* data, uint32_t size) override;
  void hash_end(uint8_t digest[32]) override;
  bool verify(const uint8_t digest[32], const uint8_t* signature, uint32_t size) override;

 private:
  evp_md_ctx_st* hash_;
  evp_pkey_st* key_;
};

// The device's own key, from its 32 secret bytes.
class OpenSslKey final : public DeviceKey {
 public:
  explicit OpenSslKey(const uint8_t secret[32]);
  ~OpenSslKey();
  bool public_key(uint8_t xy[64]) override;
  uint32_t sign(const uint8_t digest[32], uint8_t* out) override;
  evp_pkey_st* get() const { return key_; }

 private:
  evp_pkey_st* key_;
};

bool make_secret(uint8_t secret[32]);

class OpenSslEntropy final : public Entropy {
 public:
  bool fill(void* to, uint32_t size) override;
};

class SystemClock final : public Clock {
 public:
  uint32_t millis() override;
  uint32_t unix_time() override;
};

// Whom we trust and who we are, for all connections.
class TlsIdentity {
 public:
  explicit TlsIdentity(std::string root_file) : root_file_(std::move(root_file)) {}
  // DER; from now on connections present it.
  void use(const uint8_t secret[32], std::vector<uint8_t> certificate, std::vector<uint8_t> chain);
  // Null: the root cannot be read, or the certificates are damaged. The caller frees it.
  ssl_ctx_st* make_context() const;

 private:
  std::string root_file_;
  std::array<uint8_t, 32> secret_{};
  std::vector<uint8_t> certificate_, chain_;
};

// TLS over TCP to one server, whose certificate must name `host` and come from the root.
class TlsStream final : public Stream {
 public:
  TlsStream(const TlsIdentity& identity, std::string host, std::string port, int timeout_ms)
      : identity_(identity), host_(std::move(host)), port_(std::move(port)), timeout_ms_(timeout_ms) {}
  ~TlsStream() { close(); }
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  bool open() override;
  int32_t read(void* to, uint32_t size) override;
  bool readable() override;
  bool write(const void* from, uint32_t size) override;
  void close() override;

 private:
  bool connect();
  bool wait(int result);  // false: failed, ended or timed out

  const TlsIdentity& identity_;
  std::string host_, port_;
  int timeout_ms_;
  int socket_ = -1;
  ssl_ctx_st* context_ = nullptr;
  ssl_st* ssl_ = nullptr;
};

}  // namespace stratus::mcu::posix
