// What questions of microcontrollers need of the catalogue (server/mcu_routes.hpp).
#pragma once

#include <string>
#include <string_view>

#include "stratus/base/result.hpp"
#include "stratus/db/database.hpp"

namespace stratus::db {

// Whether there is such a device and it counts as something else than a microcontroller.
Result<bool> is_other_kind(Reader& reader, std::string_view device);
// It is a microcontroller from now on.
Result<void> note_microcontroller(Transaction& transaction, std::string_view device, std::int64_t now_ms);

struct FirmwareVersion {
  std::string version;
  std::string manifest;  // digest of its OCI manifest
};
// The newest version of firmware `name` whose file has this digest; `not_found`. Looks at the rows of one
// name.
Result<FirmwareVersion> find_firmware_version_of(Reader& reader, std::string_view name,
                                                 std::string_view digest);

}  // namespace stratus::db
