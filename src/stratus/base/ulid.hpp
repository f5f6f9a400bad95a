// ULIDs: ids of people's objects, 26 characters of Crockford's base 32 (upper case). 48 bits of milliseconds,
// then 80 random bits: they sort by the time they were made and cannot be guessed.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "stratus/base/clock.hpp"

namespace stratus {

std::string format_ulid(WallTime time, std::span<const std::uint8_t, 10> random);

// Now, with fresh random bits. Any thread.
std::string new_ulid();

// The canonical form only: upper case, no I, L, O or U, a time of 48 bits.
bool is_ulid(std::string_view text);

}  // namespace stratus
