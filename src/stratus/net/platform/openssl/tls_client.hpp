// The client's side of TLS: roots that are trusted, shared by any number of connections, and who we are on
// each of them. Verification of the peer's chain and name cannot be switched off.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "stratus/base/result.hpp"
#include "stratus/net/transport.hpp"

namespace stratus::net {

// A certificate chain and its key, loaded once; immutable, may be shared.
class TlsIdentity {
 public:
  static Result<std::shared_ptr<const TlsIdentity>> load(const std::filesystem::path& certificate,
                                                         const std::filesystem::path& key);
  virtual ~TlsIdentity() = default;
};

class TlsClientContext {
 public:
  // Trusts the roots of the PEM file, or the system's when the path is empty.
  static Result<std::shared_ptr<TlsClientContext>> make(const std::filesystem::path& ca_file);
  virtual ~TlsClientContext() = default;
  // `host` is the DNS name or address that the peer's certificate must carry; `identity` may be null. Null
  // when memory is short.
  virtual std::unique_ptr<Transport> connect(FileDescriptor fd, const std::string& host,
                                             const TlsIdentity* identity) = 0;
};

}  // namespace stratus::net
