// Adds devices to those who may ask: a request over a TLS session with a client certificate comes from that
// device or gateway. Whatever has an Authorization field or no certificate goes to the next authenticator.
#pragma once

#include "stratus/server/identity.hpp"
#include "stratus/server/router.hpp"

namespace stratus::server {

class IdentityAuthenticator final : public Authenticator {
 public:
  // Both must outlive it.
  IdentityAuthenticator(const Identity& identity, Authenticator& others)
      : identity_(identity), others_(others) {}

  // An expired certificate makes a principal without any permission, which suffices for routes that are open:
  // renewal is one of them and looks at the certificate itself. In required mode nobody without a certificate
  // has Scope::device.
  net::Task<Result<Principal>> identify(const net::RequestHead& request) override;

 private:
  const Identity& identity_;
  Authenticator& others_;
};

}  // namespace stratus::server
