// How long things are kept, and the indexes by which what is too old is found.
#include <array>

#include "stratus/db/migrations.hpp"

namespace stratus::db {
namespace {

constexpr std::string_view kTables = R"sql(
CREATE TABLE retention (
  id BIGINT PRIMARY KEY,
  metrics_days BIGINT NOT NULL,
  events_days BIGINT NOT NULL,
  history_days BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  changed_ms BIGINT NOT NULL,
  changed_by TEXT NOT NULL
);
CREATE INDEX rollout_history_by_end ON rollout_history (ended_ms);
CREATE INDEX firmware_history_by_time ON device_firmware_history (at_ms);
CREATE INDEX content_history_by_end ON device_content_history (ended_ms) WHERE ended_ms IS NOT NULL;
)sql";

constexpr std::array<Migration, 1> kSteps{{{12, kTables}}};

}  // namespace

const Vertical kRetentionSchema{"retention", kSteps, kTables};

}  // namespace stratus::db
