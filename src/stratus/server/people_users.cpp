// Users and API tokens. See people.hpp.
#include <algorithm>

#include <boost/json.hpp>

#include "stratus/base/random.hpp"
#include "stratus/base/result.hpp"
#include "stratus/base/ulid.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/db/saved_views.hpp"
#include "stratus/server/catalogue_writes.hpp"
#include "stratus/server/cursor.hpp"
#include "stratus/server/people.hpp"
#include "stratus/server/people_json.hpp"

namespace stratus::server {

namespace json = boost::json;

namespace {

constexpr std::int64_t kMaxUsers = 10'000;

std::string etag_of(const db::User& user) { return std::to_string(user.version); }

json::array words_of(const std::string& words) {
  json::array array;
  for (const std::string& word : split_words(words)) array.emplace_back(word);
  return array;
}

bool is_admin(const db::User& user) {
  const auto roles = parse_roles(user.roles);
  return !user.disabled && std::find(roles.begin(), roles.end(), Role::admin) != roles.end();
}

// Refuses to leave nobody who could let others in again.
Result<void> check_admin_remains(db::Transaction& transaction, const std::string& without) {
  STRATUS_TRY(users, db::users_after(transaction, "", kMaxUsers));
  for (const db::User& user : users) {
    if (user.id != without && is_admin(user)) return {};
  }
  return fail(ErrorCode::conflict, "this is the last administrator", "last_admin");
}

// The last key of a list from its cursor, "" for the first page.
Result<std::string> key_of_cursor(const Call& call) {
  const auto text = call.query("cursor");
  if (!text || text->empty()) return std::string();
  STRATUS_TRY(parts, decode_cursor(*text, 1));
  return parts[0];
}

// {"items":[…],"next":…}; `records` holds one more than `limit` when there are more.
template <class T>
std::string encode_page(std::vector<T> records, std::int64_t limit, std::string T::*key) {
  json::object page;
  std::string next;
  if (static_cast<std::int64_t>(records.size()) > limit) {
    records.resize(static_cast<std::size_t>(limit));
    next = encode_cursor({records.back().*key});
  }
  json::array items;
  for (const T& record : records) items.push_back(describe(record));
  page["items"] = std::move(items);
  if (!next.empty()) page["next"] = next;
  return json::serialize(page);
}

}  // namespace

void People::register_routes(Router& router) {
  using Handler = Answer (People::*)(Call&);
  const auto add = [&](const char* method, const char* pattern, Scope scope, Handler handler) {
    router.add(method, pattern, scope, [this, handler](Call& call) { return (this->*handler)(call); });
  };
  add("GET", "/api/v1/setup", Scope::open, &People::show_setup);
  add("POST", "/api/v1/setup", Scope::open, &People::set_up);
  add("POST", "/api/v1/session", Scope::open, &People::sign_in);
  add("DELETE", "/api/v1/session", Scope::self, &People::sign_out);
  add("GET", "/api/v1/me", Scope::self, &People::show_me);
  add("PUT", "/api/v1/me/password", Scope::self, &People::change_password);
  add("GET", "/api/v1/users", Scope::people_admin, &People::list_users);
  add("POST", "/api/v1/users", Scope::people_admin, &People::create_user);
  add("GET", "/api/v1/users/{id}", Scope::people_admin, &People::show_user);
  add("PATCH", "/api/v1/users/{id}", Scope::people_admin, &People::change_user);
  add("DELETE", "/api/v1/users/{id}", Scope::people_admin, &People::delete_user);
  add("GET", "/api/v1/tokens", Scope::self, &People::list_tokens);
  add("POST", "/api/v1/tokens", Scope::self, &People::create_token);
  add("DELETE", "/api/v1/tokens/{id}", Scope::self, &People::revoke_token);
  add("GET", "/api/v1/audit", Scope::audit_read, &People::list_audit);
  add("GET", "/api/v1/audit/export", Scope::audit_read, &People::export_audit);
  add("GET", "/api/v1/audit/verification", Scope::audit_read, &People::verify_audit_log);
}

People::Answer People::list_users(Call& call) {
  const std::int64_t limit = call.limit(100, 1000);
  auto after = key_of_cursor(call);
  if (!after) co_return forward_error(std::move(after));
  auto list = [&] { return db::users_after(changes_.database(), *after, limit + 1); };
  auto users = co_await reads_.run(list);
  if (!users) co_return forward_error(std::move(users));
  const std::string body = encode_page(std::move(*users), limit, &db::User::name);
  co_return co_await call.respond_json(200, body);
}

People::Answer People::create_user(Call& call) {
  auto value = co_await call.read_json();
  if (!value) co_return forward_error(std::move(value));
  auto request = read_user_request(*value);
  if (!request) co_return forward_error(std::move(request));
  if (!request->name || !request->password || !request->roles)
    co_return fail(ErrorCode::invalid, "a user needs name, password and roles");
  STRATUS_CO_CHECK(check_user_name(*request->name));
  STRATUS_CO_CHECK(check_password(*request->password, *request->name));
  auto hashed = co_await hash(*request->password);
  if (!hashed) co_return forward_error(std::move(hashed));
  db::User user;
  user.id = new_ulid();
  user.name = *request->name;
  user.display = request->display.value_or("");
  user.roles = join_words(*request->roles);
  user.password = *hashed;
  user.must_change = true;  // somebody else knows it
  user.disabled = request->disabled.value_or(false);
  user.created_ms = now_ms();
  const ChangeWork work = [user](Change& change) -> Result<Reply> {
    STRATUS_TRY(users, db::count_users(change.transaction()));
    if (users >= kMaxUsers) return fail(ErrorCode::no_space, "there are 10,000 users already");
    STRATUS_CHECK(db::insert_user(change.transaction(), user));
    const std::string detail =
        json::serialize(json::object{{"id", user.id}, {"roles", words_of(user.roles)}});
    STRATUS_CHECK(change.record("user.create", "user:" + user.name, detail));
    const std::string body = json::serialize(describe(user));
    change.publish({"people", user.id, body});
    return Reply{201, body, "/api/v1/users/" + user.id, etag_of(user)};
  };
  co_return co_await call.commit(work);
}

People::Answer People::show_user(Call& call) {
  const std::string id = call.parameter("id");
  auto find = [&] { return db::user_by_id(changes_.database(), id); };
  auto user = co_await reads_.run(find);
  if (!user) co_return forward_error(std::move(user));
  const std::string body = json::serialize(describe(*user));
  const std::string etag = etag_of(*user);
  co_return co_await call.respond_json(200, body, etag);
}

People::Answer People::change_user(Call& call) {
  const std::string id = call.parameter("id");
  auto value = co_await call.read_json();
  if (!value) co_return forward_error(std::move(value));
  auto request = read_user_request(*value);
  if (!request) co_return forward_error(std::move(request));
  if (request->name) co_return fail(ErrorCode::invalid, "name: a user keeps the name");
  std::string encoded;
  if (request->password) {
    STRATUS_CO_CHECK(check_password(*request->password, ""));
    auto hashed = co_await hash(*request->password);
    if (!hashed) co_return forward_error(std::move(hashed));
    encoded = *hashed;
  }
  const UserRequest wanted = *request;
  const auto expected = call.if_match();
  const ChangeWork work = [id, wanted, encoded, expected](Change& change) -> Result<Reply> {
    STRATUS_TRY(user, db::user_by_id(change.transaction(), id));
    STRATUS_CHECK(check_precondition(expected, etag_of(user)));
    const bool was_admin = is_admin(user);
    json::object detail;
    if (wanted.display) detail["display"] = user.display = *wanted.display;
    if (wanted.roles) {
      user.roles = join_words(*wanted.roles);
      detail["roles"] = words_of(user.roles);
    }
    if (wanted.disabled) detail["disabled"] = user.disabled = *wanted.disabled;
    if (!encoded.empty()) {
      user.password = encoded;
      user.must_change = true;
      detail["password"] = "set";
    }
    if (was_admin && !is_admin(user)) STRATUS_CHECK(check_admin_remains(change.transaction(), id));
    STRATUS_CHECK(db::update_user(change.transaction(), user));
    ++user.version;
    if (!encoded.empty() || user.disabled) STRATUS_CHECK(db::delete_sessions(change.transaction(), id, ""));
    STRATUS_CHECK(change.record("user.change", "user:" + user.name, json::serialize(detail)));
    const std::string body = json::serialize(describe(user));
    change.publish({"people", id, body});
    return Reply{200, body, "", etag_of(user)};
  };
  auto done = co_await call.commit(work);
  identities_.forget();
  co_return done;
}

People::Answer People::delete_user(Call& call) {
  const std::string id = call.parameter("id");
  const ChangeWork work = [id](Change& change) -> Result<Reply> {
    STRATUS_TRY(user, db::user_by_id(change.transaction(), id));
    if (is_admin(user)) STRATUS_CHECK(check_admin_remains(change.transaction(), id));
    STRATUS_CHECK(db::delete_user(change.transaction(), id));
    STRATUS_CHECK(db::forget_views(change.transaction(), id));
    STRATUS_CHECK(
        change.record("user.delete", "user:" + user.name, json::serialize(json::object{{"id", id}})));
    change.publish({"people", id, json::serialize(json::object{{"id", id}, {"deleted", true}})});
    return Reply();
  };
  auto done = co_await call.commit(work);
  identities_.forget();
  co_return done;
}

People::Answer People::list_tokens(Call& call) {
  const std::int64_t limit = call.limit(100, 1000);
  auto after = key_of_cursor(call);
  if (!after) co_return forward_error(std::move(after));
  const bool all = call.query("all").value_or("0") == "1";
  if (all && !call.principal().may(Scope::people_admin))
    co_return fail(ErrorCode::denied, "all tokens are for those with people:admin");
  std::optional<std::string> owner;
  // The administrator's own token belongs to nobody: it sees all.
  if (!all && !call.principal().user_id.empty()) owner = call.principal().user_id;
  if (!owner && !call.principal().may(Scope::people_admin)) owner = " nobody";
  auto list = [&] { return db::tokens_after(changes_.database(), owner, *after, limit + 1); };
  auto tokens = co_await reads_.run(list);
  if (!tokens) co_return forward_error(std::move(tokens));
  const std::string body = encode_page(std::move(*tokens), limit, &db::Token::id);
  co_return co_await call.respond_json(200, body);
}

People::Answer People::create_token(Call& call) {
  auto value = co_await call.read_json();
  if (!value) co_return forward_error(std::move(value));
  auto request = read_token_request(*value);
  if (!request) co_return forward_error(std::move(request));
  const Principal& principal = call.principal();
  const auto scopes =
      request->scopes ? ScopeSet::parse(*request->scopes) : std::optional<ScopeSet>(principal.scopes);
  if (!scopes) co_return fail(ErrorCode::invalid, "scopes: one of them is unknown", "bad_scope");
  if (!principal.scopes.contains(*scopes))
    co_return fail(ErrorCode::denied, "a token cannot do more than who makes it", "bad_scope");
  const std::int64_t seconds = request->expires_in_s.value_or(kTokenSeconds);
  if (seconds < 1 || seconds > kMaxTokenSeconds)
    co_return fail(ErrorCode::invalid, "expires_in_s: 1 second to 366 days", "bad_expiry");
  std::string secret = "stt_" + random_hex(32);
  db::Token token;
  token.id = new_ulid();
  token.hash = sha256(secret).hex();
  token.name = request->name;
  token.user_id = principal.user_id;
  token.scopes = join_words(scopes->words());
  token.created_ms = now_ms();
  token.expires_ms = token.created_ms + seconds * 1000;
  // A token made by a token ends with it at the latest.
  if (principal.kind == Principal::Kind::token && principal.expires_ms != 0)
    token.expires_ms = std::min(token.expires_ms, principal.expires_ms);
  const ChangeWork work = [token, secret](Change& change) -> Result<Reply> {
    STRATUS_CHECK(db::insert_token(change.transaction(), token));
    json::object body = describe(token);
    STRATUS_CHECK(change.record("token.create", "token:" + token.id, json::serialize(body)));
    body["token"] = secret;
    return Reply{201, json::serialize(body), "/api/v1/tokens/" + token.id, "", true};
  };
  co_return co_await call.commit(work);
}

People::Answer People::revoke_token(Call& call) {
  const std::string id = call.parameter("id");
  const std::string owner = call.principal().user_id;
  const bool any = call.principal().may(Scope::people_admin);
  const ChangeWork work = [id, owner, any](Change& change) -> Result<Reply> {
    STRATUS_TRY(token, db::token_by_id(change.transaction(), id));
    // Those of others do not exist for who may not see them.
    if (!any && (owner.empty() || token.user_id != owner)) return fail(ErrorCode::not_found, "no such token");
    STRATUS_CHECK(db::delete_token(change.transaction(), id));
    STRATUS_CHECK(change.record("token.revoke", "token:" + id, json::serialize(describe(token))));
    return Reply();
  };
  auto done = co_await call.commit(work);
  identities_.forget();
  co_return done;
}

}  // namespace stratus::server
