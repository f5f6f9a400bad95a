// What a device ran and showed over time (B12, B74, B97, C13).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/db/database.hpp"

namespace stratus::db {

struct FirmwareEvent {
  std::int64_t at_ms = 0;
  std::string name, version, digest;
  std::string outcome;  // committed, failed, rolled_back
  std::string reason;
};

struct ShownContent {
  std::string content;  // its id or name
  std::string version, digest;
  std::int64_t started_ms = 0;
  std::int64_t ended_ms = 0;  // 0: is shown now
};

Result<void> add_firmware_event(Transaction& transaction, std::string_view device,
                                const FirmwareEvent& event);
// Newest first.
Result<std::vector<FirmwareEvent>> firmware_history(Reader& reader, std::string_view device,
                                                    std::int64_t limit);

// The device says what it shows now: what it no longer names ends, what is new begins. Repeating changes
// nothing. Times of the entries do not count.
Result<void> set_shown_contents(Transaction& transaction, std::string_view device,
                                const std::vector<ShownContent>& now, std::int64_t now_ms);
Result<std::vector<ShownContent>> content_history(Reader& reader, std::string_view device,
                                                  std::int64_t limit);
// Ids of the devices that show `content` now, after the id `after` (B42).
Result<std::vector<std::string>> devices_showing(Reader& reader, std::string_view content,
                                                 std::string_view after, std::int64_t limit);

}  // namespace stratus::db
