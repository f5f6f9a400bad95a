// Devices as people see them: where they belong, what they are, what they ran and showed. What a device
// itself reports (running, state, last seen) is written by the Catalogue; here it is read with the rest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/db/catalogue.hpp"
#include "stratus/db/filter.hpp"
#include "stratus/db/inventory.hpp"

namespace stratus::db {

struct InventoryDevice {
  Device reported;                             // id, first and last seen, image, versions, state
  std::string label;                           // the name people gave it
  std::string region_id, region, region_name;  // code and name; "" for none
  std::string group_id, group, group_name;
  std::string kind = "linux";                 // linux, mcu
  std::string hardware;                       // the class of hardware that releases name as compatible
  std::string location;                       // words
  std::optional<double> latitude, longitude;  // degrees
  std::string time_zone;                      // IANA name; "" for the server's
  bool active = true;                         // inactive: kept, but nothing is rolled out to it
  Tags tags;
  std::int64_t changed_ms = 0;
  std::int64_t revision = 1;  // of what people set; reports do not touch it
};

struct DeviceChange {  // what is absent stays
  std::optional<std::string> label;
  std::optional<std::string> region;  // id or code; "" takes it out
  std::optional<std::string> group;
  std::optional<std::string> kind;
  std::optional<std::string> hardware;
  std::optional<std::string> location;
  std::optional<std::optional<double>> latitude, longitude;
  std::optional<std::string> time_zone;
  std::optional<bool> active;
  std::optional<Tags> tags;
};

// Registers a device before it was ever seen. `conflict` when it is there.
Result<void> create_device(Transaction& transaction, std::string_view id, std::int64_t now_ms);
// Makes sure that it is there, as enrolment and reports want it. Answers whether it is new.
Result<bool> ensure_device(Transaction& transaction, std::string_view id, std::int64_t now_ms);
Result<InventoryDevice> change_device(Transaction& transaction, std::string_view id,
                                      const DeviceChange& change, std::int64_t revision, std::int64_t now_ms);
// With its reports, samples and history.
Result<void> remove_device(Transaction& transaction, std::string_view id, std::int64_t revision);
Result<InventoryDevice> find_device(Reader& reader, std::string_view id);

enum class DeviceSort : std::uint8_t { id, label, seen, state };

struct DevicePosition {  // of the last device of the page before
  Value value;           // of the sorted column; not used when sorted by id
  std::string id;
};

struct DeviceQuery {
  Filter filter;
  DeviceSort sort = DeviceSort::id;
  bool descending = false;
  std::optional<DevicePosition> after;
  std::int64_t limit = 100;
  std::int64_t now_ms = 0;  // what ages count from
};

Result<std::vector<InventoryDevice>> list_devices(Reader& reader, const DeviceQuery& query);
DevicePosition position_of(const InventoryDevice& device, DeviceSort sort);
// Only the ids that pass, in order of id: for rollouts, page by page.
Result<std::vector<std::string>> list_device_ids(Reader& reader, const Filter& filter, std::int64_t now_ms,
                                                 std::string_view after, std::int64_t limit);
Result<std::int64_t> count_devices(Reader& reader, const Filter& filter, std::int64_t now_ms);

enum class DeviceFacet : std::uint8_t { region, group, state, kind, hardware, version };
struct FacetCount {
  std::string value;  // code of region or group; "" for none
  std::string name;   // of region or group
  std::int64_t devices = 0;
  std::int64_t inactive = 0;
};
// How the devices that pass spread over a property, most first; at most `limit` values.
Result<std::vector<FacetCount>> count_by(Reader& reader, DeviceFacet facet, const Filter& filter,
                                         std::int64_t now_ms, std::int64_t limit);

}  // namespace stratus::db
