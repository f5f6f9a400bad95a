// Messages that the upstream will never take, set aside for people to look at
// (docs/formats/gateway-cache.md).
#pragma once

#include <filesystem>
#include <string>

#include "stratus/base/clock.hpp"
#include "stratus/base/result.hpp"
#include "stratus/gateway/outbox_record.hpp"

namespace stratus::gateway {

// Appends one line of JSON to `directory`/refused. At 1 MiB that becomes refused.old and a new one begins, so
// that the newest are kept and the disk is spared. Blocks; not synced: it is no promise to anybody.
Result<void> set_aside(const std::filesystem::path& directory, const OutboxRecord& record, int status,
                       const std::string& answer, WallTime now);

}  // namespace stratus::gateway
