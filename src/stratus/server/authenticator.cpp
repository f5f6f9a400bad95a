#include "stratus/server/authenticator.hpp"

#include "stratus/base/reason.hpp"

namespace stratus::server {

net::Task<Result<Principal>> TokenAuthenticator::identify(const net::RequestHead& request) {
  Principal principal;
  const auto authorization = request.headers.get("Authorization");
  if (!authorization) {
    principal.scopes = anonymous_;
    co_return principal;
  }
  if (!token_.matches(authorization))
    co_return fail(ErrorCode::denied, "this is not the server's admin token", "unauthenticated");
  principal.kind = Principal::Kind::token;
  principal.id = "admin";
  principal.name = "admin";
  principal.scopes = scopes_of(Role::admin);
  co_return principal;
}

}  // namespace stratus::server
