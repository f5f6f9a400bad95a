// Random bytes from the kernel's generator, for keys, tokens and ids.
#pragma once

#include <span>
#include <string>

#include "stratus/base/bytes.hpp"

namespace stratus {

// Any thread. Ends the program when the kernel gives none: nothing safe could go on.
void fill_random(std::span<std::uint8_t> into);
std::string random_hex(std::size_t bytes);  // 2n hex digits

}  // namespace stratus
