// Rollouts: what was asked, where each device is, who was left out, what happened, what stands for whom.
#include <array>

#include "stratus/db/migrations.hpp"

namespace stratus::db {
namespace {

constexpr std::string_view kNow = R"sql(
CREATE TABLE rollouts (
  id TEXT PRIMARY KEY,
  title TEXT NOT NULL,
  state TEXT NOT NULL,
  author TEXT NOT NULL,
  spec TEXT NOT NULL,
  header TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  changed_ms BIGINT NOT NULL,
  revision BIGINT NOT NULL
);
CREATE INDEX rollouts_by_state ON rollouts (state, id);
CREATE TABLE rollout_devices (
  rollout TEXT NOT NULL REFERENCES rollouts (id) ON DELETE CASCADE,
  device TEXT NOT NULL,
  place BIGINT NOT NULL,
  wave BIGINT NOT NULL,
  state TEXT NOT NULL,
  content BIGINT NOT NULL,
  attempt BIGINT NOT NULL,
  percent BIGINT NOT NULL,
  zone TEXT NOT NULL,
  not_before_ms BIGINT NOT NULL,
  started_ms BIGINT NOT NULL,
  changed_ms BIGINT NOT NULL,
  sequence BIGINT NOT NULL,
  bytes BIGINT NOT NULL,
  cause TEXT NOT NULL,
  prior TEXT NOT NULL,
  PRIMARY KEY (rollout, device)
);
CREATE INDEX rollout_devices_by_state ON rollout_devices (rollout, state, device);
CREATE INDEX rollout_devices_by_device ON rollout_devices (device, rollout);
CREATE TABLE rollout_exclusions (
  rollout TEXT NOT NULL REFERENCES rollouts (id) ON DELETE CASCADE,
  device TEXT NOT NULL,
  reason TEXT NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY (rollout, device)
);
CREATE TABLE rollout_events (
  rollout TEXT NOT NULL REFERENCES rollouts (id) ON DELETE CASCADE,
  number BIGINT NOT NULL,
  at_ms BIGINT NOT NULL,
  kind TEXT NOT NULL,
  who TEXT NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY (rollout, number)
);
CREATE TABLE rollout_claims (
  device TEXT PRIMARY KEY,
  rollout TEXT NOT NULL
);
CREATE TABLE rollout_history (
  device TEXT NOT NULL,
  ended_ms BIGINT NOT NULL,
  rollout TEXT NOT NULL,
  content BIGINT NOT NULL,
  attempt BIGINT NOT NULL,
  outcome TEXT NOT NULL,
  cause TEXT NOT NULL,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  digest TEXT NOT NULL,
  prior_version TEXT NOT NULL,
  prior_digest TEXT NOT NULL,
  started_ms BIGINT NOT NULL,
  bytes BIGINT NOT NULL,
  PRIMARY KEY (device, ended_ms, rollout, content, attempt)
);
CREATE TABLE device_assignments (
  device TEXT NOT NULL,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  digest TEXT NOT NULL,
  rollout TEXT NOT NULL,
  since_ms BIGINT NOT NULL,
  PRIMARY KEY (device, name)
);
)sql";

constexpr std::array<Migration, 1> kSteps{{{6, kNow}}};

}  // namespace

const Vertical kRolloutSchema{"rollouts", kSteps, kNow};

}  // namespace stratus::db
