// What a request asks of the list of devices: ?filter=, ?saved=, ?sort=, ?after=, ?limit=. Pure but for the
// saved filter.
#pragma once

#include <string>

#include "stratus/db/devices.hpp"

namespace stratus::server {

struct DeviceQuestion {
  std::string filter;  // as it came
  std::string saved;   // code of a saved filter, "" for none
  std::string sort;    // "id", "-seen", …; "" is id
  std::string after;   // cursor
  std::int64_t limit = 100;
};

// `invalid` for a filter, order or cursor that makes no sense; `not_found` for an unknown saved filter.
Result<db::DeviceQuery> device_query(db::Reader& reader, const DeviceQuestion& question, std::int64_t now_ms);
// Where the next page begins. Sorted by id the cursor is the last id, as it always was.
std::string device_cursor(const db::DeviceQuery& query, const db::InventoryDevice& last);

Result<db::DeviceFacet> parse_facet(std::string_view word);

}  // namespace stratus::server
