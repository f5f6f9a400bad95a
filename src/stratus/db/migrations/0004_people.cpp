// People: users, their sessions and tokens; the audit log; answers kept for Idempotency-Key.
#include <array>

#include "stratus/db/migrations.hpp"

namespace stratus::db {
namespace {

constexpr std::string_view kNow = R"sql(
CREATE TABLE users (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  display TEXT NOT NULL DEFAULT '',
  roles TEXT NOT NULL,
  password TEXT NOT NULL,
  must_change BIGINT NOT NULL DEFAULT 0,
  disabled BIGINT NOT NULL DEFAULT 0,
  created_ms BIGINT NOT NULL,
  last_login_ms BIGINT NOT NULL DEFAULT 0,
  version BIGINT NOT NULL DEFAULT 1
);
CREATE TABLE sessions (
  hash TEXT PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  csrf TEXT NOT NULL,
  address TEXT NOT NULL DEFAULT '',
  created_ms BIGINT NOT NULL,
  seen_ms BIGINT NOT NULL,
  expires_ms BIGINT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE TABLE tokens (
  id TEXT PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
  scopes TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  expires_ms BIGINT NOT NULL,
  used_ms BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX tokens_by_user ON tokens (user_id, id);
CREATE TABLE audit (
  sequence BIGINT PRIMARY KEY,
  time_ms BIGINT NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  object TEXT NOT NULL,
  detail TEXT NOT NULL,
  address TEXT NOT NULL,
  request TEXT NOT NULL,
  hash TEXT NOT NULL
);
CREATE TABLE audit_head (
  id BIGINT PRIMARY KEY,
  sequence BIGINT NOT NULL,
  time_ms BIGINT NOT NULL,
  hash TEXT NOT NULL
);
CREATE TABLE idempotency (
  key TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  status BIGINT NOT NULL,
  location TEXT NOT NULL,
  etag TEXT NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX idempotency_by_time ON idempotency (created_ms);
INSERT INTO audit_head VALUES (1, 0, 0, '');
)sql";

constexpr std::array<Migration, 1> kSteps{{{4, kNow}}};

}  // namespace

const Vertical kPeopleSchema{"people", kSteps, kNow};

}  // namespace stratus::db
