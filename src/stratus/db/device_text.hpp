// What people may say of a device, and the text that searching looks at. Pure.
#pragma once

#include <string>
#include <string_view>

#include "stratus/db/devices.hpp"

namespace stratus::db {

std::string fold(std::string_view text);  // A-Z to a-z; other letters stay
// id, label, hardware, location and tags, folded; at most kMaxSearch bytes, as it stands in an index.
constexpr std::size_t kMaxSearch = 1024;
std::string search_text(const InventoryDevice& device);
// `invalid` names what is wrong.
Result<void> check_change(const DeviceChange& change);

}  // namespace stratus::db
