// Bodies of changes to devices, regions, groups and saved filters, as strangers may send them: what is let
// through has coordinates on the globe and a text to search in of bounded size.
#include <cmath>
#include <cstdlib>
#include <string_view>

#include <boost/json.hpp>

#include "stratus/base/json.hpp"
#include "stratus/db/device_text.hpp"
#include "stratus/server/inventory_json.hpp"

namespace {

using namespace stratus;  // NOLINT: a fuzz target

void require(bool condition) {
  if (!condition) std::abort();
}

bool is_within(const std::optional<std::optional<double>>& degrees, double limit) {
  return !degrees || !*degrees || std::abs(**degrees) <= limit;
}

void check_device(const server::DeviceBody& body) {
  const db::DeviceChange& change = body.change;
  if (!db::check_change(change)) return;
  require(is_within(change.latitude, 90) && is_within(change.longitude, 180));
  db::InventoryDevice device;
  device.reported.id = body.id.substr(0, 64);
  device.label = change.label.value_or("");
  device.hardware = change.hardware.value_or("");
  device.location = change.location.value_or("");
  device.tags = change.tags.value_or(db::Tags());
  require(db::search_text(device).size() <= db::kMaxSearch);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto body = parse_json({reinterpret_cast<const char*>(data), size}, 64u << 10);
  if (!body) return 0;
  if (const auto device = server::parse_device_body(*body)) check_device(*device);
  const auto place = server::parse_place_change(*body);
  const auto filter = server::parse_filter_change(*body);
  // Each takes no member that the other alone knows.
  if (place && filter) require(!place->tags && !filter->filter);
  return 0;
}
