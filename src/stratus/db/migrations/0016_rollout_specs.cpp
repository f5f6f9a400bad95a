// What was asked of a rollout, apart from how far it got: it may name a whole fleet and changes hardly ever.
#include <array>

#include "stratus/db/migrations.hpp"

namespace stratus::db {
namespace {

constexpr std::string_view kTables = R"sql(
CREATE TABLE rollout_specs (
  rollout TEXT PRIMARY KEY REFERENCES rollouts (id) ON DELETE CASCADE,
  spec TEXT NOT NULL
);
INSERT INTO rollout_specs (rollout, spec) SELECT id, spec FROM rollouts;
ALTER TABLE rollouts DROP COLUMN spec;
)sql";

constexpr std::array<Migration, 1> kSteps{{{16, kTables, "rollouts"}}};

}  // namespace

const Vertical kSpecSchema{"rollout_specs", kSteps, kTables};

}  // namespace stratus::db
