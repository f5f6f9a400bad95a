// Set-up, signing in and out, one's own password. See people.hpp.
#include <boost/json.hpp>
#include <fmt/format.h>

#include "stratus/base/json.hpp"
#include "stratus/base/random.hpp"
#include "stratus/base/result.hpp"
#include "stratus/base/ulid.hpp"
#include "stratus/crypto/password.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/server/catalogue_writes.hpp"
#include "stratus/server/people.hpp"
#include "stratus/server/people_json.hpp"

namespace stratus::server {

namespace json = boost::json;

namespace {

constexpr std::size_t kMaxHashing = 32;  // waiting or running

std::string set_cookie(const std::string& value, bool secure, std::int64_t seconds) {
  return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}{}",
                     Identities::cookie_name(secure), value, seconds, secure ? "; Secure" : "");
}

// 4 groups of 5: 100 random bits, without letters that look alike.
std::string readable_code() {
  constexpr std::string_view kAlphabet = "23456789ABCDEFGHJKMNPQRSTVWXYZ";
  std::string code;
  while (code.size() < 23) {
    std::uint8_t byte = 0;
    fill_random(std::span<std::uint8_t>(&byte, 1));
    if (byte >= kAlphabet.size() * 8) continue;  // all characters alike often
    if (code.size() % 6 == 5) code.push_back('-');
    code.push_back(kAlphabet[byte % kAlphabet.size()]);
  }
  return code;
}

// A form of another site cannot send JSON without asking first.
Result<void> check_json(const net::RequestHead& request) {
  if (request.headers.get("Content-Type").value_or("").starts_with("application/json")) return {};
  return fail(ErrorCode::invalid, "send the body as Content-Type: application/json");
}

struct SignIn {
  std::string name, password, code, display;
};

net::Task<Result<SignIn>> read_sign_in(Call& call, bool set_up) {
  STRATUS_CO_CHECK(check_json(call.request()));
  auto value = co_await call.read_json();
  if (!value) co_return forward_error(std::move(value));
  ObjectReader reader(*value, "");
  SignIn sign_in;
  sign_in.name = reader.text("name", 64);
  sign_in.password = reader.text("password", People::kMaxPassword);
  if (set_up) {
    sign_in.code = reader.text("code", 64);
    sign_in.display = reader.optional_text("display", 128);
  }
  STRATUS_CO_CHECK(reader.done());
  co_return sign_in;
}

}  // namespace

Result<std::string> People::make_setup_code() {
  STRATUS_TRY(users, db::count_users(changes_.database()));
  if (users > 0) return std::string();
  const std::string code = readable_code();
  setup_code_hash_ = sha256(code).hex();
  return code;
}

Result<void> People::check_throttle(Call& call, const std::string& name) {
  const SteadyTime now = system_clock().steady();
  const auto by_address = by_address_.refuse(call.address(), now);
  const auto by_name = by_address ? std::nullopt : by_name_.refuse(name, now);
  const auto wait = by_address ? by_address : by_name;
  if (!wait) return {};
  ++counters_.throttled;
  return fail(ErrorCode::unavailable, fmt::format("too many tries; wait {} s", wait->count()), "throttled");
}

net::Task<Result<std::string>> People::hash(std::string password) {
  if (hashing_ >= kMaxHashing)
    co_return fail(ErrorCode::unavailable, "too many people sign in just now", "throttled");
  ++hashing_;
  auto work = [&] { return crypto::hash_password(password); };
  auto hashed = co_await passwords_.run(work);
  --hashing_;
  co_return hashed;
}

net::Task<Result<bool>> People::matches(std::string password, std::string encoded) {
  if (hashing_ >= kMaxHashing)
    co_return fail(ErrorCode::unavailable, "too many people sign in just now", "throttled");
  ++hashing_;
  auto work = [&] { return crypto::password_matches(password, encoded); };
  const bool same = co_await passwords_.run(work);
  --hashing_;
  co_return same;
}

People::Answer People::show_setup(Call& call) {
  // Somebody may have made a user in the meantime, here or on another server.
  if (!setup_code_hash_.empty()) {
    auto count = [&] { return db::count_users(changes_.database()); };
    auto users = co_await reads_.run(count);
    if (!users) co_return forward_error(std::move(users));
    if (*users > 0) setup_code_hash_.clear();
  }
  const std::string body = setup_code_hash_.empty() ? R"({"needed":false})" : R"({"needed":true})";
  co_return co_await call.respond_json(200, body);
}

People::Answer People::set_up(Call& call) {
  auto wanted = co_await read_sign_in(call, true);
  if (!wanted) co_return forward_error(std::move(wanted));
  STRATUS_CO_CHECK(check_throttle(call, " setup"));
  if (setup_code_hash_.empty())
    co_return fail(ErrorCode::conflict, "this server is set up already", "already_done");
  if (sha256(wanted->code).hex() != setup_code_hash_) {
    co_return fail(ErrorCode::denied, "this is not the code that the server printed when it started",
                   "wrong_code");
  }
  STRATUS_CO_CHECK(check_user_name(wanted->name));
  STRATUS_CO_CHECK(check_password(wanted->password, wanted->name));
  auto hashed = co_await hash(wanted->password);
  if (!hashed) co_return forward_error(std::move(hashed));
  db::User user;
  user.id = new_ulid();
  user.name = wanted->name;
  user.display = wanted->display;
  user.roles = "admin";
  user.password = *hashed;
  user.created_ms = now_ms();
  const ChangeWork work = [user](Change& change) -> Result<Reply> {
    STRATUS_TRY(users, db::count_users(change.transaction()));
    if (users > 0) return fail(ErrorCode::conflict, "this server is set up already", "already_done");
    STRATUS_CHECK(db::insert_user(change.transaction(), user));
    STRATUS_CHECK(
        change.record("user.create", "user:" + user.name, R"({"roles":["admin"],"by":"setup code"})"));
    return Reply();
  };
  auto made = co_await call.apply(work);
  if (!made) co_return forward_error(std::move(made));
  setup_code_hash_.clear();
  co_return co_await start_session(call, std::move(user), 201);
}

People::Answer People::sign_in(Call& call) {
  auto wanted = co_await read_sign_in(call, false);
  if (!wanted) co_return forward_error(std::move(wanted));
  STRATUS_CO_CHECK(check_throttle(call, wanted->name));
  const std::string name = wanted->name;
  auto find = [&] { return db::user_by_name(changes_.database(), name); };
  auto user = co_await reads_.run(find);
  if (!user && user.error().code() != ErrorCode::not_found) co_return forward_error(std::move(user));
  // Who does not exist takes as long as who does.
  static const std::string nobody =
      "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
  const std::string encoded = user ? user->password : nobody;
  auto same = co_await matches(wanted->password, encoded);
  if (!same) co_return forward_error(std::move(same));
  if (*same && user && !user->disabled) {
    by_name_.succeeded(name);
    ++counters_.accepted;
    co_return co_await start_session(call, std::move(*user), 200);
  }
  ++counters_.refused;
  const ChangeWork work = [name](Change& change) -> Result<Reply> {
    STRATUS_CHECK(change.record("session.refuse", "user:" + name));
    return Reply();
  };
  auto noted = co_await call.apply(work);
  if (!noted) co_return forward_error(std::move(noted));
  co_return fail(ErrorCode::denied, "name or password is wrong", "wrong_credentials");
}

People::Answer People::start_session(Call& call, db::User user, int status) {
  const std::string secret = random_hex(32);
  db::Session session;
  session.hash = sha256(secret).hex();
  session.user_id = user.id;
  session.csrf = random_hex(16);
  session.address = call.address();
  session.created_ms = session.seen_ms = now_ms();
  session.expires_ms = session.created_ms + Identities::kSessionMs;
  const std::string name = user.name;
  const ChangeWork work = [session, name](Change& change) -> Result<Reply> {
    STRATUS_TRY(fresh, db::user_by_id(change.transaction(), session.user_id));
    if (fresh.disabled) return fail(ErrorCode::denied, "name or password is wrong", "wrong_credentials");
    STRATUS_CHECK(db::note_login(change.transaction(), session.user_id, session.created_ms));
    STRATUS_CHECK(db::delete_session(change.transaction(), "", session.created_ms));
    STRATUS_CHECK(db::insert_session(change.transaction(), session));
    STRATUS_CHECK(change.record("session.create", "user:" + name));
    return Reply();
  };
  auto made = co_await call.apply(work);
  if (!made) co_return forward_error(std::move(made));
  Principal principal;
  principal.kind = Principal::Kind::user;
  principal.id = user.id;
  principal.name = user.name;
  principal.roles = parse_roles(user.roles);
  principal.scopes = scopes_of_roles(principal.roles);
  principal.csrf = session.csrf;
  principal.expires_ms = session.expires_ms;
  if (user.must_change) principal.obstacle = "password_change_required";
  net::ResponseHead head;
  head.status = status;
  head.headers.set("Content-Type", "application/json");
  head.headers.set("Cache-Control", "no-store");
  head.headers.set("Set-Cookie", set_cookie(secret, call.secure(), Identities::kSessionMs / 1000));
  json::object described = describe(principal);
  described["event"] = bus_.id_of(bus_.newest());
  const std::string body = json::serialize(described);
  (void)co_await call.exchange().respond(head, body);
  co_return Result<void>();
}

People::Answer People::sign_out(Call& call) {
  const std::string hash = call.principal().session;
  if (hash.empty()) co_return fail(ErrorCode::invalid, "this is a token, not a session: revoke it to end it");
  const std::string name = call.principal().name;
  const ChangeWork work = [hash, name](Change& change) -> Result<Reply> {
    STRATUS_CHECK(db::delete_session(change.transaction(), hash, now_ms()));
    STRATUS_CHECK(change.record("session.end", "user:" + name));
    return Reply();
  };
  auto done = co_await call.apply(work);
  if (!done) co_return forward_error(std::move(done));
  identities_.forget();
  net::ResponseHead head;
  head.status = 204;
  head.headers.set("Set-Cookie", set_cookie("", call.secure(), 0));
  const std::string empty;
  (void)co_await call.exchange().respond(head, empty);
  co_return Result<void>();
}

People::Answer People::show_me(Call& call) {
  json::object described = describe(call.principal());
  described["event"] = bus_.id_of(bus_.newest());
  const std::string body = json::serialize(described);
  co_return co_await call.respond_json(200, body);
}

People::Answer People::change_password(Call& call) {
  if (call.principal().kind != Principal::Kind::user)
    co_return fail(ErrorCode::invalid, "a token has no password; sign in to change yours");
  auto value = co_await call.read_json();
  if (!value) co_return forward_error(std::move(value));
  ObjectReader reader(*value, "");
  const std::string old = reader.text("old", kMaxPassword);
  const std::string fresh = reader.text("new", kMaxPassword);
  STRATUS_CO_CHECK(reader.done());
  const std::string id = call.principal().id, name = call.principal().name,
                    session = call.principal().session;
  STRATUS_CO_CHECK(check_throttle(call, name));
  STRATUS_CO_CHECK(check_password(fresh, name));
  if (fresh == old) co_return fail(ErrorCode::invalid, "the new password is the old one", "weak_password");
  auto find = [&] { return db::user_by_id(changes_.database(), id); };
  auto user = co_await reads_.run(find);
  if (!user) co_return forward_error(std::move(user));
  auto same = co_await matches(old, user->password);
  if (!same) co_return forward_error(std::move(same));
  if (!*same) co_return fail(ErrorCode::denied, "the old password is wrong", "wrong_credentials");
  by_name_.succeeded(name);
  auto hashed = co_await hash(fresh);
  if (!hashed) co_return forward_error(std::move(hashed));
  const std::string encoded = *hashed, checked = user->password;
  const ChangeWork work = [id, name, session, encoded, checked](Change& change) -> Result<Reply> {
    STRATUS_TRY(stored, db::user_by_id(change.transaction(), id));
    if (stored.password != checked)
      return fail(ErrorCode::conflict, "the password was changed meanwhile", "precondition_failed");
    stored.password = encoded;
    stored.must_change = false;
    STRATUS_CHECK(db::update_user(change.transaction(), stored));
    // Whoever knew the old one is signed out everywhere else.
    STRATUS_CHECK(db::delete_sessions(change.transaction(), id, session));
    STRATUS_CHECK(change.record("user.password", "user:" + name));
    return Reply();
  };
  auto done = co_await call.apply(work);
  if (!done) co_return forward_error(std::move(done));
  identities_.forget();
  co_return co_await call.respond_nothing();
}

}  // namespace stratus::server
