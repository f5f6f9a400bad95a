#include "stratus/server/identities.hpp"

#include "stratus/base/result.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/server/catalogue_writes.hpp"

namespace stratus::server {
namespace {

constexpr std::size_t kMaxKnown = 10'000;
constexpr std::int64_t kTouchMs = 60'000;  // how exactly the last use is kept

bool changes_something(const std::string& method) {
  return method != "GET" && method != "HEAD" && method != "OPTIONS";
}

}  // namespace

std::vector<Role> parse_roles(const std::string& words) {
  std::vector<Role> roles;
  for (const std::string& word : split_words(words)) {
    if (const auto role = parse_role(word)) roles.push_back(*role);
  }
  return roles;
}

ScopeSet scopes_of_roles(const std::vector<Role>& roles) {
  ScopeSet scopes{Scope::self};
  for (const Role role : roles) scopes = scopes | scopes_of(role);
  return scopes;
}

std::string cookie_of(const net::RequestHead& request, std::string_view name) {
  for (const auto& [field, value] : request.headers.all()) {
    if (!net::same_name(field, "Cookie")) continue;
    std::string found = cookie_value(value, name);
    if (!found.empty()) return found;
  }
  return {};
}

std::string Identities::cookie_name(bool secure) {
  return secure ? "__Host-stratus_session" : "stratus_session";
}

Principal Identities::anonymous() const {
  Principal principal;
  principal.scopes = anonymous_;
  return principal;
}

net::Task<Result<Principal>> Identities::identify(const net::RequestHead& request) {
  auto principal = co_await identify_by(request);
  if (principal) principal->scopes = principal->scopes | anonymous_;
  co_return principal;
}

net::Task<Result<Principal>> Identities::identify_by(const net::RequestHead& request) {
  if (const auto authorization = request.headers.get("Authorization")) {
    if (admin_.matches(authorization)) {
      Principal principal;
      principal.kind = Principal::Kind::token;
      principal.id = "admin";
      principal.name = "admin";
      principal.scopes = scopes_of(Role::admin);
      co_return principal;
    }
    std::string secret = secret_of_authorization(*authorization);
    co_return co_await identify_token(std::move(secret));
  }
  std::string cookie = cookie_of(request, cookie_name(true));
  if (cookie.empty()) cookie = cookie_of(request, cookie_name(false));
  if (!cookie.empty()) co_return co_await identify_session(std::move(cookie), request);
  co_return anonymous();
}

net::Task<Result<Principal>> Identities::identify_token(std::string secret) {
  if (secret.empty()) co_return fail(ErrorCode::denied, "credentials that do not parse", "unauthenticated");
  const std::string hash = sha256(secret).hex();
  const std::function<Found()> search = [&]() -> Found {
    STRATUS_TRY(token, db::token_by_hash(database_, hash));
    Known known;
    known.seen_ms = token.used_ms;
    Principal& principal = known.principal;
    principal.kind = Principal::Kind::token;
    principal.id = token.id;
    principal.name = token.name;
    principal.user_id = token.user_id;
    principal.expires_ms = token.expires_ms;
    principal.scopes =
        ScopeSet::parse(split_words(token.scopes)).value_or(ScopeSet()) | ScopeSet{Scope::self};
    if (token.user_id.empty()) return known;
    STRATUS_TRY(owner, db::user_by_id(database_, token.user_id));
    if (owner.disabled) return fail(ErrorCode::not_found, "its owner is disabled");
    principal.name = owner.name + "/" + token.name;
    // Who loses a role loses it in all tokens.
    principal.scopes = principal.scopes & scopes_of_roles(parse_roles(owner.roles));
    return known;
  };
  auto found = co_await find(hash, search);
  if (!found && found.error().code() != ErrorCode::not_found) co_return forward_error(std::move(found));
  const std::int64_t now = now_ms();
  if (!found || found->principal.expires_ms < now)
    co_return fail(ErrorCode::denied, "this token is unknown, expired or revoked", "unauthenticated");
  if (now - found->seen_ms > kTouchMs) {
    if (const auto kept = known_.find(hash); kept != known_.end()) kept->second.seen_ms = now;
    const std::string id = found->principal.id;
    database_.write([id, now](db::Transaction& tx) { return db::touch_token(tx, id, now); },
                    [](Result<void>) {});
  }
  co_return found->principal;
}

net::Task<Result<Principal>> Identities::identify_session(std::string secret,
                                                          const net::RequestHead& request) {
  const std::string hash = sha256(secret).hex();
  const std::function<Found()> search = [&]() -> Found {
    STRATUS_TRY(session, db::session_by_hash(database_, hash));
    STRATUS_TRY(user, db::user_by_id(database_, session.user_id));
    if (user.disabled) return fail(ErrorCode::not_found, "the user is disabled");
    Known known;
    known.seen_ms = session.seen_ms;
    Principal& principal = known.principal;
    principal.kind = Principal::Kind::user;
    principal.id = principal.user_id = user.id;
    principal.name = user.name;
    principal.roles = parse_roles(user.roles);
    principal.scopes = scopes_of_roles(principal.roles);
    principal.session = hash;
    principal.csrf = session.csrf;
    principal.expires_ms = session.expires_ms;
    if (user.must_change) {
      principal.scopes = ScopeSet{Scope::self};
      principal.obstacle = "password_change_required";
    }
    return known;
  };
  auto found = co_await find(hash, search);
  if (!found && found.error().code() != ErrorCode::not_found) co_return forward_error(std::move(found));
  const std::int64_t now = now_ms();
  // A browser goes on sending a cookie that has ended: that is nobody, not a wrong credential.
  if (!found || found->principal.expires_ms < now || found->seen_ms + kSessionIdleMs < now)
    co_return anonymous();
  if (changes_something(request.method) &&
      request.headers.get("X-CSRF-Token").value_or("") != found->principal.csrf) {
    Principal nobody = anonymous();
    nobody.obstacle = "csrf";
    co_return nobody;
  }
  if (now - found->seen_ms > kTouchMs) {
    if (const auto kept = known_.find(hash); kept != known_.end()) kept->second.seen_ms = now;
    database_.write([hash, now](db::Transaction& tx) { return db::touch_session(tx, hash, now); },
                    [](Result<void>) {});
  }
  co_return found->principal;
}

net::Task<Identities::Found> Identities::find(std::string hash, std::function<Found()> find) {
  const SteadyTime now = system_clock().steady();
  if (const auto kept = known_.find(hash); kept != known_.end()) {
    if (now < kept->second.believed_until) co_return kept->second;
    known_.erase(kept);
  }
  const std::uint64_t generation = generation_;
  auto found = co_await pool_.run(find);
  if (!found) co_return found;
  found->believed_until = now + kBelieve;
  if (known_.size() >= kMaxKnown) known_.clear();
  // A change may have happened while the database was asked.
  if (generation == generation_) known_[hash] = *found;
  co_return found;
}

}  // namespace stratus::server
