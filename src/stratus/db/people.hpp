// Users, sessions and tokens in the database: plain records, statements without policy (who may do what is
// server/people.hpp's). Secrets come in as hashes only. Blocks: writes inside a work, reads on a pool.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "stratus/db/database.hpp"

namespace stratus::db {

struct User {
  std::string id;        // ULID
  std::string name;      // unique, what one signs in with
  std::string display;   // for people
  std::string roles;     // words, separated by spaces
  std::string password;  // encoded hash
  bool must_change = false;
  bool disabled = false;
  std::int64_t created_ms = 0;
  std::int64_t last_login_ms = 0;
  std::int64_t version = 1;  // counts changes
};

struct Session {
  std::string hash;  // of the cookie
  std::string user_id;
  std::string csrf;
  std::string address;
  std::int64_t created_ms = 0;
  std::int64_t seen_ms = 0;
  std::int64_t expires_ms = 0;
};

struct Token {
  std::string id;    // ULID
  std::string hash;  // of the secret
  std::string name;
  std::string user_id;  // "" for those that the administrator's own token made
  std::string scopes;   // words, separated by spaces
  std::int64_t created_ms = 0;
  std::int64_t expires_ms = 0;
  std::int64_t used_ms = 0;
};

Result<void> insert_user(Transaction& transaction, const User& user);  // `conflict`: the name is taken
// All but id, name and times; `conflict` with reason precondition_failed unless the stored version is
// user.version. The stored version is counted up.
Result<void> update_user(Transaction& transaction, const User& user);
Result<void> note_login(Transaction& transaction, const std::string& id, std::int64_t now_ms);
Result<void> delete_user(Transaction& transaction, const std::string& id);
Result<User> user_by_id(Reader& reader, const std::string& id);      // `not_found`
Result<User> user_by_name(Reader& reader, const std::string& name);  // `not_found`
Result<std::vector<User>> users_after(Reader& reader, const std::string& name, std::int64_t limit);
Result<std::int64_t> count_users(Reader& reader);

Result<void> insert_session(Transaction& transaction, const Session& session);
// Also removes what has expired.
Result<void> delete_session(Transaction& transaction, const std::string& hash, std::int64_t now_ms);
// All of a user but one.
Result<void> delete_sessions(Transaction& transaction, const std::string& user_id,
                             const std::string& keep_hash);
Result<void> touch_session(Transaction& transaction, const std::string& hash, std::int64_t now_ms);
Result<Session> session_by_hash(Reader& reader, const std::string& hash);  // `not_found`

Result<void> insert_token(Transaction& transaction, const Token& token);
Result<void> delete_token(Transaction& transaction, const std::string& id);  // `not_found`
Result<void> touch_token(Transaction& transaction, const std::string& id, std::int64_t now_ms);
Result<Token> token_by_hash(Reader& reader, const std::string& hash);  // `not_found`
Result<Token> token_by_id(Reader& reader, const std::string& id);      // `not_found`
// Of one user, or of everybody (nullopt), by id.
Result<std::vector<Token>> tokens_after(Reader& reader, const std::optional<std::string>& user_id,
                                        const std::string& id, std::int64_t limit);

// An answer kept for Idempotency-Key.
struct KeptAnswer {
  std::string fingerprint;  // of the request
  std::int64_t status = 0;
  std::string location;
  std::string etag;
  std::string body;
};
Result<std::optional<KeptAnswer>> kept_answer(Reader& reader, const std::string& key,
                                              std::int64_t not_before_ms);
// Also removes those older than `not_before_ms`. `conflict`: another server keeps one just now.
Result<void> keep_answer(Transaction& transaction, const std::string& key, const KeptAnswer& answer,
                         std::int64_t now_ms, std::int64_t not_before_ms);

}  // namespace stratus::db
