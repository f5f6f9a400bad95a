#include "stratus/db/people.hpp"

#include "stratus/base/result.hpp"

namespace stratus::db {
namespace {

constexpr std::string_view kUserColumns =
    "id, name, display, roles, password, must_change, disabled, created_ms, last_login_ms, version";
constexpr std::string_view kSessionColumns = "hash, user_id, csrf, address, created_ms, seen_ms, expires_ms";
constexpr std::string_view kTokenColumns = "id, hash, name, user_id, scopes, created_ms, expires_ms, used_ms";

std::string select(std::string_view columns, std::string_view rest) {
  return std::string("SELECT ").append(columns).append(" ").append(rest);
}

User user_of(const Row& row) {
  User user;
  user.id = row.text(0);
  user.name = row.text(1);
  user.display = row.text(2);
  user.roles = row.text(3);
  user.password = row.text(4);
  user.must_change = row.boolean(5);
  user.disabled = row.boolean(6);
  user.created_ms = row.integer(7);
  user.last_login_ms = row.integer(8);
  user.version = row.integer(9);
  return user;
}

Session session_of(const Row& row) {
  return {row.text(0), row.text(1), row.text(2), row.text(3), row.integer(4), row.integer(5), row.integer(6)};
}

Token token_of(const Row& row) {
  return {row.text(0), row.text(1),    row.text(2),    row.text(3),
          row.text(4), row.integer(5), row.integer(6), row.integer(7)};
}

template <class T>
Result<T> first_of(Result<Rows> rows, T (*make)(const Row&), const char* what) {
  if (!rows) return forward_error(std::move(rows));
  if (rows->empty()) return fail(ErrorCode::not_found, std::string("no such ") + what);
  return make((*rows)[0]);
}

template <class T>
Result<std::vector<T>> all_of(Result<Rows> rows, T (*make)(const Row&)) {
  if (!rows) return forward_error(std::move(rows));
  std::vector<T> found;
  for (const Row row : *rows) found.push_back(make(row));
  return found;
}

Result<void> done(Result<Rows> rows) {
  if (!rows) return forward_error(std::move(rows));
  return {};
}

Value flag(bool value) { return std::int64_t{value ? 1 : 0}; }

}  // namespace

Result<void> insert_user(Transaction& transaction, const User& user) {
  auto rows = transaction.run(
      "INSERT INTO users (id, name, display, roles, password, must_change, disabled, created_ms, "
      "last_login_ms, "
      "version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 1)",
      {user.id, user.name, user.display, user.roles, user.password, flag(user.must_change),
       flag(user.disabled), user.created_ms});
  if (!rows && rows.error().code() == ErrorCode::conflict)
    return fail(ErrorCode::conflict, "there is a user " + user.name + " already", "name_taken");
  return done(std::move(rows));
}

Result<void> update_user(Transaction& transaction, const User& user) {
  STRATUS_TRY(
      rows, transaction.run(
                "UPDATE users SET display = $1, roles = $2, password = $3, must_change = $4, disabled = $5, "
                "version = version + 1 WHERE id = $6 AND version = $7",
                {user.display, user.roles, user.password, flag(user.must_change), flag(user.disabled),
                 user.id, user.version}));
  if (rows.affected() == 1) return {};
  return fail(ErrorCode::conflict, "the user was changed meanwhile; read it again", "precondition_failed");
}

Result<void> note_login(Transaction& transaction, const std::string& id, std::int64_t now_ms) {
  return done(transaction.run("UPDATE users SET last_login_ms = $1 WHERE id = $2", {now_ms, id}));
}

Result<void> delete_user(Transaction& transaction, const std::string& id) {
  STRATUS_TRY(rows, transaction.run("DELETE FROM users WHERE id = $1", {id}));
  if (rows.affected() == 1) return {};
  return fail(ErrorCode::not_found, "no such user");
}

Result<User> user_by_id(Reader& reader, const std::string& id) {
  return first_of(reader.query(select(kUserColumns, "FROM users WHERE id = $1"), {id}), user_of, "user");
}

Result<User> user_by_name(Reader& reader, const std::string& name) {
  return first_of(reader.query(select(kUserColumns, "FROM users WHERE name = $1"), {name}), user_of, "user");
}

Result<std::vector<User>> users_after(Reader& reader, const std::string& name, std::int64_t limit) {
  return all_of(
      reader.query(select(kUserColumns, "FROM users WHERE name > $1 ORDER BY name LIMIT $2"), {name, limit}),
      user_of);
}

Result<std::int64_t> count_users(Reader& reader) {
  STRATUS_TRY(rows, reader.query("SELECT COUNT(*) FROM users"));
  return rows[0].integer(0);
}

Result<void> insert_session(Transaction& transaction, const Session& session) {
  return done(
      transaction.run("INSERT INTO sessions (hash, user_id, csrf, address, created_ms, seen_ms, expires_ms) "
                      "VALUES ($1, $2, $3, $4, $5, $6, $7)",
                      {session.hash, session.user_id, session.csrf, session.address, session.created_ms,
                       session.seen_ms, session.expires_ms}));
}

Result<void> delete_session(Transaction& transaction, const std::string& hash, std::int64_t now_ms) {
  return done(transaction.run("DELETE FROM sessions WHERE hash = $1 OR expires_ms < $2", {hash, now_ms}));
}

Result<void> delete_sessions(Transaction& transaction, const std::string& user_id,
                             const std::string& keep_hash) {
  return done(
      transaction.run("DELETE FROM sessions WHERE user_id = $1 AND hash <> $2", {user_id, keep_hash}));
}

Result<void> touch_session(Transaction& transaction, const std::string& hash, std::int64_t now_ms) {
  return done(transaction.run("UPDATE sessions SET seen_ms = $1 WHERE hash = $2", {now_ms, hash}));
}

Result<Session> session_by_hash(Reader& reader, const std::string& hash) {
  return first_of(reader.query(select(kSessionColumns, "FROM sessions WHERE hash = $1"), {hash}), session_of,
                  "session");
}

Result<void> insert_token(Transaction& transaction, const Token& token) {
  Value owner;
  if (!token.user_id.empty()) owner = token.user_id;
  return done(transaction.run(
      "INSERT INTO tokens (id, hash, name, user_id, scopes, created_ms, expires_ms, used_ms) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, 0)",
      {token.id, token.hash, token.name, owner, token.scopes, token.created_ms, token.expires_ms}));
}

Result<void> delete_token(Transaction& transaction, const std::string& id) {
  STRATUS_TRY(rows, transaction.run("DELETE FROM tokens WHERE id = $1", {id}));
  if (rows.affected() == 1) return {};
  return fail(ErrorCode::not_found, "no such token");
}

Result<void> touch_token(Transaction& transaction, const std::string& id, std::int64_t now_ms) {
  return done(transaction.run("UPDATE tokens SET used_ms = $1 WHERE id = $2", {now_ms, id}));
}

Result<Token> token_by_hash(Reader& reader, const std::string& hash) {
  return first_of(reader.query(select(kTokenColumns, "FROM tokens WHERE hash = $1"), {hash}), token_of,
                  "token");
}

Result<Token> token_by_id(Reader& reader, const std::string& id) {
  return first_of(reader.query(select(kTokenColumns, "FROM tokens WHERE id = $1"), {id}), token_of, "token");
}

Result<std::vector<Token>> tokens_after(Reader& reader, const std::optional<std::string>& user_id,
                                        const std::string& id, std::int64_t limit) {
  if (!user_id) {
    return all_of(
        reader.query(select(kTokenColumns, "FROM tokens WHERE id > $1 ORDER BY id LIMIT $2"), {id, limit}),
        token_of);
  }
  return all_of(
      reader.query(select(kTokenColumns, "FROM tokens WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3"),
                   {*user_id, id, limit}),
      token_of);
}

Result<std::optional<KeptAnswer>> kept_answer(Reader& reader, const std::string& key,
                                              std::int64_t not_before_ms) {
  STRATUS_TRY(rows, reader.query("SELECT fingerprint, status, location, etag, body FROM idempotency "
                                 "WHERE key = $1 AND created_ms >= $2",
                                 {key, not_before_ms}));
  if (rows.empty()) return std::optional<KeptAnswer>();
  const Row row = rows[0];
  return std::optional<KeptAnswer>(
      KeptAnswer{row.text(0), row.integer(1), row.text(2), row.text(3), row.text(4)});
}

Result<void> keep_answer(Transaction& transaction, const std::string& key, const KeptAnswer& answer,
                         std::int64_t now_ms, std::int64_t not_before_ms) {
  STRATUS_CHECK(done(transaction.run("DELETE FROM idempotency WHERE created_ms < $1", {not_before_ms})));
  return done(transaction.run(
      "INSERT INTO idempotency (key, fingerprint, created_ms, status, location, etag, body) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7)",
      {key, answer.fingerprint, now_ms, answer.status, answer.location, answer.etag, answer.body}));
}

}  // namespace stratus::db
