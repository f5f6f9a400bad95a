#include "stratus/server/identity_authenticator.hpp"

namespace stratus::server {

net::Task<Result<Principal>> IdentityAuthenticator::identify(const net::RequestHead& request) {
  const bool credentials = request.headers.get("Authorization").has_value();
  if (request.peer_certificate == nullptr || credentials) {
    auto principal = co_await others_.identify(request);
    if (principal && principal->kind == Principal::Kind::anonymous &&
        identity_.config().mode == IdentityMode::required) {
      principal->scopes = principal->scopes & ScopeSet{Scope::devices_read, Scope::releases_read};
    }
    co_return principal;
  }
  auto peer = identity_.identify(request);
  if (!peer) co_return forward_error(std::move(peer));
  Principal principal;
  principal.kind = Principal::Kind::device;
  principal.id = principal.name = (*peer)->id;
  if (!(*peer)->expired) principal.scopes.add(Scope::device);
  co_return principal;
}

}  // namespace stratus::server
