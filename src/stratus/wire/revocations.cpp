#include "stratus/wire/revocations.hpp"

#include <boost/json.hpp>

#include "stratus/base/json.hpp"
#include "stratus/wire/report.hpp"

namespace stratus::wire {

namespace json = boost::json;

namespace {
constexpr std::size_t kMaxDevices = 100'000;
}  // namespace

std::string encode_revocations(const Revocations& revocations) {
  json::array devices(revocations.devices.begin(), revocations.devices.end());
  return json::serialize(json::object{{"identity", revocations.required ? "required" : "optional"},
                                      {"devices", std::move(devices)},
                                      {"revocation_list", revocations.list}});
}

Result<Revocations> parse_revocations(std::string_view text) {
  STRATUS_TRY(value, parse_json(text, Revocations::kMaxEncoded));
  ObjectReader reader(value, "");
  Revocations parsed;
  const std::string mode = reader.text("identity", 16);
  if (mode != "required" && mode != "optional") reader.reject("identity", "neither required nor optional");
  parsed.required = mode == "required";
  for (const json::value& device : reader.optional_array("devices", kMaxDevices)) {
    if (device.is_string() && is_device_id(device.get_string())) {
      parsed.devices.emplace_back(device.get_string());
    } else {
      reader.reject("devices", "not a list of device ids");
    }
  }
  parsed.list = reader.text("revocation_list", Revocations::kMaxEncoded);
  STRATUS_CHECK(reader.done());
  return parsed;
}

}  // namespace stratus::wire
