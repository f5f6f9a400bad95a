// How long the server keeps what devices said and did. Blocks; errors as in database.hpp.
#pragma once

#include <cstdint>
#include <string>

#include "stratus/db/database.hpp"

namespace stratus::db {

inline constexpr std::int64_t kLeastKeptDays = 1, kMostKeptDays = 3650;

struct Retention {
  std::int64_t metrics_days = 30;             // measurements
  std::int64_t events_days = 90;              // events and logs
  std::int64_t history_days = kMostKeptDays;  // what devices were updated to, and what they showed
  std::int64_t revision = 0;                  // 0: nobody has set it
  std::int64_t changed_ms = 0;
  std::string changed_by;
};
// `otherwise` until somebody sets it.
Result<Retention> find_retention(Reader& reader, const Retention& otherwise);
// Takes the place of the revision before `retention.revision`; `conflict` (reason precondition_failed) when
// another one stands there.
Result<void> put_retention(Transaction& transaction, const Retention& retention);

// Removes at most `limit` lines of each kind of history that ended before; answers how many. What a rollout
// that is not over did stays, and so does what a device shows now.
Result<std::int64_t> prune_history(Transaction& transaction, std::int64_t before_ms, std::int64_t limit);

}  // namespace stratus::db
