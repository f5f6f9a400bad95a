// Regions, groups, filters and devices as JSON (api/schemas/inventory.yaml). Pure.
#pragma once

#include <string>
#include <vector>

#include <boost/json/fwd.hpp>

#include "stratus/db/device_history.hpp"
#include "stratus/db/devices.hpp"

namespace stratus::server {

std::string encode_place(const db::Place& place);
std::string encode_places(db::PlaceKind kind, const std::vector<db::Place>& places, const std::string& next);
std::string encode_filter(const db::SavedFilter& filter);
std::string encode_filters(const std::vector<db::SavedFilter>& filters, const std::string& next);
std::string encode_inventory_device(const db::InventoryDevice& device);
// `total` is left out when negative.
std::string encode_inventory_devices(const std::vector<db::InventoryDevice>& devices, const std::string& next,
                                     std::int64_t total);
std::string encode_counts(const std::vector<db::FacetCount>& counts);
std::string encode_firmware_history(const std::vector<db::FirmwareEvent>& events);
std::string encode_contents(const std::vector<db::ShownContent>& contents);

// Bodies: what is absent stays; an unknown member or a wrong type is `invalid`.
Result<db::PlaceChange> parse_place_change(const boost::json::value& body);
struct FilterChange {
  std::optional<std::string> code, name, filter;
};
Result<FilterChange> parse_filter_change(const boost::json::value& body);
struct DeviceBody {
  std::string id;  // "" where it is absent
  db::DeviceChange change;
};
Result<DeviceBody> parse_device_body(const boost::json::value& body);

}  // namespace stratus::server
