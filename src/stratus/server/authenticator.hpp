// Who a request comes from. Until people are told apart: the admin's token, or nobody.
#pragma once

#include "stratus/server/admin_token.hpp"
#include "stratus/server/router.hpp"

namespace stratus::server {

class TokenAuthenticator final : public Authenticator {
 public:
  // `token` must outlive it. `anonymous`: what who sends no credentials may do.
  TokenAuthenticator(const AdminToken& token, ScopeSet anonymous) : token_(token), anonymous_(anonymous) {}
  net::Task<Result<Principal>> identify(const net::RequestHead& request) override;

 private:
  const AdminToken& token_;
  ScopeSet anonymous_;
};

}  // namespace stratus::server
