// The client's side of TLS: roots that are trusted, shared by any number of connections, and who we are on
// each of them. Verification of the peer's chain and name cannot be switched off.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "stratus/base/result.hpp"
#include "stratus/crypto/key.hpp"
#include "stratus/net/transport.hpp"

namespace stratus::net {

// A certificate chain and its key, loaded once; immutable, may be shared.
class TlsIdentity {
 public:
  // Files of PEM; the key may be of any kind (RSA, other curves), because an operator may bring their own.
  static Result<std::shared_ptr<const TlsIdentity>> load(const std::filesystem::path& certificate,
                                                         const std::filesystem::path& key);
  // From what was read already: the leaf and what is above it in PEM. For those who hold thousands: what is
  // above is shared with `sibling` (may be null) when it is the same there, because OpenSSL takes as long to
  // read a certificate as to check one.
  static Result<std::shared_ptr<const TlsIdentity>> make(std::string_view certificates,
                                                         const crypto::SigningKey& key,
                                                         const TlsIdentity* sibling);
  virtual ~TlsIdentity() = default;
};

// Whether each connection judges the server's chain for itself, or takes over the verdict about the very same
// certificates, for the same name, for a minute: that is for those who play thousands of clients of one
// server. The proof that the server has its key belongs to each handshake in any case.
enum class ServerJudgement : std::uint8_t { each_time, remembered };

class TlsClientContext {
 public:
  // Trusts the roots of the PEM file, or the system's when the path is empty.
  static Result<std::shared_ptr<TlsClientContext>> make(
      const std::filesystem::path& ca_file, ServerJudgement judgement = ServerJudgement::each_time);
  virtual ~TlsClientContext() = default;
  // `host` is the DNS name or address that the peer's certificate must carry; `identity` may be null. Null
  // when memory is short.
  virtual std::unique_ptr<Transport> connect(FileDescriptor fd, const std::string& host,
                                             const TlsIdentity* identity) = 0;
};

}  // namespace stratus::net
