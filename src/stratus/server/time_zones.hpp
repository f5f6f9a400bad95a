// Local times by the system's time zone files (/usr/share/zoneinfo, RFC 8536).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "stratus/base/result.hpp"

namespace stratus::server {

// Local time minus UTC in seconds at `utc_s`, by the bytes of a TZif file of version 2 or later. Beyond its
// last transition the last type counts. Pure.
Result<int> offset_in_tzif(std::string_view file, std::int64_t utc_s);

// Minutes; 0 for names that no file stands for. Files are read once. Any thread.
int zone_offset_minutes(const std::string& name, std::int64_t utc_ms);

}  // namespace stratus::server
