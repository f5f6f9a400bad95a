// pax extended header records, "LENGTH KEY=VALUE\n" (POSIX.1-2001, pax, "pax Extended Header").
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "stratus/base/bytes.hpp"
#include "stratus/base/result.hpp"

namespace stratus::oci {

inline constexpr std::string_view kXattrPrefix = "SCHILY.xattr.";

using PaxRecords = std::map<std::string, std::string>;

// Adds the records of one extended header to `records`; a later record replaces an earlier one and an empty
// value stays as "" (it cancels an override). Paths with a NUL and malformed records are `corrupt`.
Result<void> parse_pax(BytesView payload, PaxRecords& records);

std::string format_pax_record(std::string_view key, std::string_view value);

struct PaxTime {
  std::int64_t seconds = 0;
  std::uint32_t nanoseconds = 0;
};
// "-1.5" is {-2, 500'000'000}: nanoseconds always count upwards. Digits behind the ninth are dropped.
Result<PaxTime> parse_pax_time(std::string_view text);
std::string format_pax_time(PaxTime time);

Result<std::uint64_t> parse_decimal(std::string_view text);

}  // namespace stratus::oci
