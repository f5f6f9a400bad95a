// Measurements as lines of the Influx line protocol (version 2 of its reference: escapes, field types). Pure.
//
//   stratus,device=door-1,kind=status/system cpu.percent=12.5,memory.used=1048576 1767323045000
//
// Times are milliseconds; the writer says so with precision=ms.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stratus::server {

inline constexpr std::string_view kInfluxMeasurement = "stratus";

// One line with its end, or "" when nothing of it can be a field: numbers that are not finite are left out.
std::string influx_line(std::string_view device, std::string_view kind,
                        const std::vector<std::pair<std::string, double>>& values, std::int64_t time_ms);

// `bytes` in gzip's format. Never fails but for want of memory.
std::string gzip(std::string_view bytes);

}  // namespace stratus::server
