// What else searches ask of all devices: the target's version stands in the narrow index, and reasons, which
// few devices have, in an index of those that have one.
#include <array>

#include "stratus/db/migrations.hpp"

namespace stratus::db {
namespace {

constexpr std::string_view kIndexes = R"sql(
DROP INDEX devices_scan;
CREATE INDEX devices_scan ON devices (id, search, active, kind, hardware, state, running_version, name, target_version);
CREATE INDEX devices_by_reason ON devices (reason, id) WHERE reason <> '';
)sql";

constexpr std::array<Migration, 1> kSteps{{{18, kIndexes}}};

}  // namespace

const Vertical kQuestionSchema{"device questions", kSteps, kIndexes};

}  // namespace stratus::db
