// What a stranger said, fit for a line of a log, a report or a record. Pure.
#pragma once

#include <string>
#include <string_view>

namespace stratus {

// UTF-8 whatever `text` is: control characters become blanks, other bytes '?'; at most `limit` bytes, cut
// between characters.
std::string one_line(std::string_view text, std::size_t limit);

}  // namespace stratus
