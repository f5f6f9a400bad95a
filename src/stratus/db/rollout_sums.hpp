// What a rollout moved, and what open rollouts need. Blocks; errors as in database.hpp.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/db/database.hpp"

namespace stratus::db {

// Bytes that a rollout's devices reported to have fetched for it, attempts that failed included.
struct FetchedBytes {
  std::string gateway;  // through which they were heard last; "": the server itself
  std::int64_t devices = 0;
  std::int64_t bytes = 0;
};
// By gateway. Empty for a rollout that is not known.
Result<std::vector<FetchedBytes>> fetched_bytes(Reader& reader, std::string_view rollout);

// What an update took from its start to its success: the middle one of the newest 200; 0 when there is none.
Result<std::int64_t> usual_update_ms(Reader& reader);

// Removes lines of the history, whose bytes stay in the rollouts' sums. `which` is what follows WHERE in a
// SELECT of those lines, and may bound and order them. How many they were.
Result<std::int64_t> forget_attempts(Transaction& transaction, std::string_view which,
                                     std::initializer_list<Value> values);

// Inside the transaction that has removed `what`: `conflict` (reason needed_by_rollout) naming the rollouts
// that are not over (drafts too) and bring this manifest.
Result<void> check_not_brought(Transaction& transaction, std::string_view what,
                               std::string_view manifest_digest);

}  // namespace stratus::db
