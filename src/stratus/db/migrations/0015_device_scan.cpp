// The narrow index of the devices, in order of their ids: a search reads it in the order of its answer and
// stops when a page is full. It began with the searched text before, so all that passed had to be sorted.
#include <array>

#include "stratus/db/migrations.hpp"

namespace stratus::db {
namespace {

constexpr std::string_view kIndexes = R"sql(
DROP INDEX devices_scan;
CREATE INDEX devices_scan ON devices (id, search, active, kind, hardware, state, running_version, name);
)sql";

constexpr std::array<Migration, 1> kSteps{{{15, kIndexes}}};

}  // namespace

const Vertical kScanSchema{"device scan", kSteps, kIndexes};

}  // namespace stratus::db
