// Cursors of lists: the key of the last item, opaque to clients. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "stratus/base/result.hpp"

namespace stratus::server {

// URL-safe. `parts` are the values of the sort key, in order; begin with what the list was asked for (filter,
// order) where a cursor of another question would go wrong.
std::string encode_cursor(const std::vector<std::string>& parts);

// `invalid` unless `text` holds exactly `count` parts. At most 1,024 characters.
Result<std::vector<std::string>> decode_cursor(std::string_view text, std::size_t count);

}  // namespace stratus::server
