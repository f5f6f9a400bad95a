// Certificates that were issued, devices that were shut out, and one-time registration codes.
#include <array>

#include "stratus/db/migrations.hpp"

namespace stratus::db {
namespace {

constexpr std::array<Migration, 1> kSteps{{
    {5, R"sql(
CREATE TABLE certificates (
  serial TEXT PRIMARY KEY,
  device TEXT NOT NULL,
  kind TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  key_id TEXT NOT NULL,
  public_key BYTEA NOT NULL,
  names TEXT NOT NULL DEFAULT '',
  not_before_ms BIGINT NOT NULL,
  not_after_ms BIGINT NOT NULL,
  issued_ms BIGINT NOT NULL,
  state TEXT NOT NULL,
  changed_ms BIGINT NOT NULL,
  changed_by TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL DEFAULT ''
);
CREATE INDEX certificates_by_device ON certificates (device, issued_ms);
CREATE INDEX certificates_by_change ON certificates (changed_ms);
CREATE TABLE revoked_devices (
  device TEXT PRIMARY KEY,
  revoked_ms BIGINT NOT NULL,
  revoked_by TEXT NOT NULL,
  reason TEXT NOT NULL DEFAULT ''
);
CREATE TABLE registration_codes (
  id TEXT PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  region TEXT NOT NULL DEFAULT '',
  device_group TEXT NOT NULL DEFAULT '',
  device TEXT NOT NULL DEFAULT '',
  names TEXT NOT NULL DEFAULT '',
  created_ms BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  expires_ms BIGINT NOT NULL,
  used_ms BIGINT NOT NULL DEFAULT 0,
  used_by TEXT NOT NULL DEFAULT ''
);
CREATE INDEX registration_codes_by_expiry ON registration_codes (expires_ms);
)sql"},
}};

}  // namespace

const Vertical kIdentitySchema{"identity", kSteps, kSteps[0].sql};

}  // namespace stratus::db
