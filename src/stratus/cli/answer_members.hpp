// Members of what the server answered, for printing: what is not there, or of another type, is empty.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/json/fwd.hpp>

#include "stratus/cli/server_connection.hpp"

namespace stratus::cli {

// Lives as long as `value`; null when there is none.
const boost::json::value& member(const boost::json::value& value, std::string_view key);
std::string text_of(const boost::json::value& value, std::string_view key);
std::uint64_t number_of(const boost::json::value& value, std::string_view key);
bool is_set(const boost::json::value& value, std::string_view key);
const boost::json::array& items_of(const boost::json::value& value, std::string_view key);

// GET, to kMaxAnswer.
Result<boost::json::value> fetch(ServerConnection& server, const std::string& path);

}  // namespace stratus::cli
