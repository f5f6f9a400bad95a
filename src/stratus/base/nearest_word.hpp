// What somebody may have meant by a mistyped word. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace stratus {

// The candidate with the fewest letters to change, add, drop or swap with their neighbour; "" when none is
// near: more than a third of the letters, and more than two, would have to change.
std::string nearest_word(std::string_view word, std::span<const std::string> candidates);

}  // namespace stratus
