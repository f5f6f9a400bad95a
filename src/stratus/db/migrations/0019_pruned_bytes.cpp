// Bytes that a device fetched for a rollout and whose lines of history are gone by age: the rollout's sum
// stays what it was.
#include <array>

#include "stratus/db/migrations.hpp"

namespace stratus::db {
namespace {

constexpr std::string_view kColumn = R"sql(
ALTER TABLE rollout_devices ADD COLUMN pruned_bytes BIGINT NOT NULL DEFAULT 0;
)sql";

constexpr std::array<Migration, 1> kSteps{{{19, kColumn}}};

}  // namespace

const Vertical kPrunedSchema{"pruned bytes", kSteps, kColumn};

}  // namespace stratus::db
