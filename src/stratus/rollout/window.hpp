// Maintenance windows: days and hours in the device's own local time. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "stratus/base/result.hpp"

namespace stratus::rollout {

// Open from `from_minute` until just before `to_minute` (minutes since local midnight). `to` <= `from` ends
// on the day after; the day that counts is the one on which the window opens.
struct Window {
  std::uint8_t days = 0x7f;  // bit 0: Monday … bit 6: Sunday
  std::uint16_t from_minute = 0;
  std::uint16_t to_minute = 0;
};

// `offset_minutes`: local time minus UTC at that moment.
bool is_open(const Window& window, std::int64_t utc_ms, int offset_minutes);
// The next moment at which is_open is true (now, if it is), in ms since 1970 UTC, as long as the offset
// stays.
std::int64_t next_opening(const Window& window, std::int64_t utc_ms, int offset_minutes);

// "02:30" → 150; "24:00" → 1440 as an end.
Result<std::uint16_t> parse_minute(std::string_view text);
std::string format_minute(std::uint16_t minute);
// "mon" … "sun" → 0 … 6.
std::optional<unsigned> parse_day(std::string_view text);
std::string_view day_name(unsigned day);

// A fixed offset as "+09:00", "-03:30", "Z"; minutes.
Result<int> parse_offset(std::string_view text);

}  // namespace stratus::rollout
