// The fleet as a whole: how devices are, whether they run what they should, what updates moved. Blocks;
// errors as in database.hpp. Times are milliseconds since 1970 UTC.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/db/database.hpp"
#include "stratus/db/fleet_sql.hpp"

namespace stratus::db {

Result<std::string> health_of(Reader& reader, std::string_view device, std::int64_t now_ms);  // `not_found`

struct FleetHealth {
  std::int64_t devices = 0;
  std::int64_t inactive = 0;  // kept, but nothing is rolled out to them: in no count below
  std::int64_t online = 0, degraded = 0, offline = 0, never = 0;
  std::int64_t on_target = 0, behind = 0, failing = 0, none = 0;
};
Result<FleetHealth> fleet_health(Reader& reader, std::int64_t now_ms);

struct ReleaseCount {
  std::string name;
  std::string digest;   // "" while nothing runs
  std::string version;  // as registered, else as the device says; "" when nobody knows
  std::int64_t devices = 0;
};
// What active devices run, most first.
Result<std::vector<ReleaseCount>> release_spread(Reader& reader, std::int64_t limit);

// An update of a device came to its end. Sums are kept by the hour, for kTotalsKeptMs.
inline constexpr std::int64_t kTotalsKeptMs = 400LL * 24 * 3'600'000;
struct UpdateEnd {
  std::int64_t at_ms = 0;
  std::string name;
  std::string digest;   // of the release
  std::string outcome;  // "committed", "failed", "rolled_back", "cancelled"
  std::int64_t bytes = 0;
};
Result<void> count_update(Transaction& transaction, const UpdateEnd& end);
Result<void> prune_totals(Transaction& transaction, std::int64_t now_ms);

struct UpdateTotal {
  std::string name;
  std::string digest;
  std::string outcome;
  std::int64_t updates = 0;
  std::int64_t bytes = 0;  // as devices reported: bodies and heads
};
Result<std::vector<UpdateTotal>> update_totals(Reader& reader, std::int64_t since_ms);

struct FleetAlarms {
  std::int64_t certificates_expiring =
      0;                                  // newest one of an enrolled device ends before `expiring_before_ms`
  std::int64_t certificates_expired = 0;  // and is over already; not in the count above
  std::int64_t updates_failed = 0;        // failed and rolled back since `since_ms`, by the hour
  std::int64_t error_logs = 0;            // messages since `since_ms`; counted up to kMostErrorLogs
};
inline constexpr std::int64_t kMostErrorLogs = 10'000;
Result<FleetAlarms> fleet_alarms(Reader& reader, std::int64_t now_ms, std::int64_t expiring_before_ms,
                                 std::int64_t since_ms);

}  // namespace stratus::db
