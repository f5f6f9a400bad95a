#include "stratus/server/inventory_json.hpp"

#include <functional>
#include <map>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "stratus/base/clock.hpp"

namespace stratus::server {

namespace json = boost::json;

namespace {

json::object tags_of(const db::Tags& tags) {
  json::object object;
  for (const auto& [key, value] : tags) object[key] = value;
  return object;
}

json::object describe(const db::Place& place) {
  return {{"id", place.id},
          {"code", place.code},
          {"name", place.name},
          {"tags", tags_of(place.tags)},
          {"devices", place.devices},
          {"inactive", place.inactive},
          {"created", format_time_ms(place.created_ms)},
          {"changed", format_time_ms(place.changed_ms)}};
}

json::object describe(const db::SavedFilter& filter) {
  return {{"id", filter.id},
          {"code", filter.code},
          {"name", filter.name},
          {"filter", filter.filter},
          {"created", format_time_ms(filter.created_ms)},
          {"changed", format_time_ms(filter.changed_ms)}};
}

json::value place_reference(const std::string& id, const std::string& code, const std::string& name) {
  if (id.empty()) return nullptr;
  return json::object{{"id", id}, {"code", code}, {"name", name}};
}

json::object describe(const db::InventoryDevice& device) {
  const db::Device& reported = device.reported;
  json::object object{{"id", reported.id},
                      {"label", device.label},
                      {"first_seen_ms", reported.first_seen_ms},
                      {"last_seen_ms", reported.last_seen_ms},
                      {"last_seen", format_time_ms(reported.last_seen_ms)},
                      {"region", place_reference(device.region_id, device.region, device.region_name)},
                      {"group", place_reference(device.group_id, device.group, device.group_name)},
                      {"kind", device.kind},
                      {"active", device.active},
                      {"tags", tags_of(device.tags)},
                      {"name", reported.name},
                      {"state", reported.state}};
  const auto put = [&](const char* key, const std::string& text) {
    if (!text.empty()) object[key] = text;
  };
  put("running", reported.running);
  put("running_version", reported.running_version);
  put("target", reported.target);
  put("target_version", reported.target_version);
  put("reason", reported.reason);
  put("hardware", device.hardware);
  put("location", device.location);
  put("time_zone", device.time_zone);
  if (device.latitude) object["latitude"] = *device.latitude;
  if (device.longitude) object["longitude"] = *device.longitude;
  return object;
}

template <class T>
std::string encode_list(const char* key, const std::vector<T>& items, const std::string& next) {
  json::array array;
  for (const T& item : items) array.push_back(describe(item));
  json::object object{{key, std::move(array)}};
  if (!next.empty()) object["next"] = next;
  return json::serialize(object);
}

// Takes the members of an object by name; each reader says whether the type was right.
using Take = std::function<bool(const json::value&)>;
Result<void> take_members(const json::value& body, const std::map<std::string, Take, std::less<>>& known) {
  if (!body.is_object()) return fail(ErrorCode::invalid, "the body is not a JSON object");
  for (const auto& member : body.get_object()) {
    const auto found = known.find(std::string_view(member.key()));
    if (found == known.end()) {
      return fail(ErrorCode::invalid,
                  fmt::format("{}: not a member that can be set", std::string_view(member.key())));
    }
    if (!found->second(member.value())) {
      return fail(ErrorCode::invalid, fmt::format("{}: of the wrong type", std::string_view(member.key())));
    }
  }
  return {};
}

Take text(std::optional<std::string>& into, bool nullable = false) {
  return [&into, nullable](const json::value& value) {
    if (nullable && value.is_null()) {
      into = "";
      return true;
    }
    if (!value.is_string()) return false;
    into = std::string(value.get_string());
    return true;
  };
}

Take number(std::optional<std::optional<double>>& into) {
  return [&into](const json::value& value) {
    if (value.is_null()) {
      into = std::optional<double>();
      return true;
    }
    json::error_code error;
    const double real = value.to_number<double>(error);
    if (error) return false;
    into = std::optional<double>(real);
    return true;
  };
}

Take tags(std::optional<db::Tags>& into) {
  return [&into](const json::value& value) {
    if (!value.is_object()) return false;
    db::Tags found;
    for (const auto& member : value.get_object()) {
      if (!member.value().is_string()) return false;
      found.emplace(std::string(member.key()), std::string(member.value().get_string()));
    }
    into = std::move(found);
    return true;
  };
}

}  // namespace

std::string encode_place(const db::Place& place) { return json::serialize(describe(place)); }
std::string encode_places(db::PlaceKind kind, const std::vector<db::Place>& places, const std::string& next) {
  return encode_list(kind == db::PlaceKind::region ? "regions" : "groups", places, next);
}
std::string encode_filter(const db::SavedFilter& filter) { return json::serialize(describe(filter)); }
std::string encode_filters(const std::vector<db::SavedFilter>& filters, const std::string& next) {
  return encode_list("filters", filters, next);
}
std::string encode_inventory_device(const db::InventoryDevice& device) {
  return json::serialize(describe(device));
}

std::string encode_inventory_devices(const std::vector<db::InventoryDevice>& devices, const std::string& next,
                                     std::int64_t total) {
  json::array items;
  for (const db::InventoryDevice& device : devices) items.push_back(describe(device));
  json::object object{{"devices", std::move(items)}};
  if (total >= 0) object["total"] = total;
  if (!next.empty()) object["next"] = next;
  return json::serialize(object);
}

std::string encode_counts(const std::vector<db::FacetCount>& counts) {
  json::array items;
  for (const db::FacetCount& count : counts) {
    json::object item{{"value", count.value}, {"devices", count.devices}, {"inactive", count.inactive}};
    if (!count.name.empty()) item["name"] = count.name;
    items.push_back(std::move(item));
  }
  return json::serialize(json::object{{"counts", std::move(items)}});
}

std::string encode_firmware_history(const std::vector<db::FirmwareEvent>& events) {
  json::array items;
  for (const db::FirmwareEvent& event : events) {
    items.push_back(json::object{{"at", format_time_ms(event.at_ms)},
                                 {"name", event.name},
                                 {"version", event.version},
                                 {"digest", event.digest},
                                 {"outcome", event.outcome},
                                 {"reason", event.reason}});
  }
  return json::serialize(json::object{{"history", std::move(items)}});
}

std::string encode_contents(const std::vector<db::ShownContent>& contents) {
  json::array items;
  for (const db::ShownContent& content : contents) {
    json::object item{{"content", content.content},
                      {"version", content.version},
                      {"digest", content.digest},
                      {"started", format_time_ms(content.started_ms)},
                      {"ended", nullptr}};
    if (content.ended_ms != 0) item["ended"] = format_time_ms(content.ended_ms);
    items.push_back(std::move(item));
  }
  return json::serialize(json::object{{"contents", std::move(items)}});
}

Result<db::PlaceChange> parse_place_change(const json::value& body) {
  db::PlaceChange change;
  STRATUS_CHECK(take_members(
      body, {{"code", text(change.code)}, {"name", text(change.name)}, {"tags", tags(change.tags)}}));
  return change;
}

Result<FilterChange> parse_filter_change(const json::value& body) {
  FilterChange change;
  STRATUS_CHECK(take_members(
      body, {{"code", text(change.code)}, {"name", text(change.name)}, {"filter", text(change.filter)}}));
  return change;
}

Result<DeviceBody> parse_device_body(const json::value& body) {
  DeviceBody parsed;
  std::optional<std::string> id;
  db::DeviceChange& change = parsed.change;
  STRATUS_CHECK(take_members(body, {{"id", text(id)},
                                    {"label", text(change.label)},
                                    {"region", text(change.region, true)},
                                    {"group", text(change.group, true)},
                                    {"kind", text(change.kind)},
                                    {"hardware", text(change.hardware)},
                                    {"location", text(change.location)},
                                    {"latitude", number(change.latitude)},
                                    {"longitude", number(change.longitude)},
                                    {"time_zone", text(change.time_zone)},
                                    {"active",
                                     [&](const json::value& value) {
                                       if (value.is_bool()) change.active = value.get_bool();
                                       return value.is_bool();
                                     }},
                                    {"tags", tags(change.tags)}}));
  parsed.id = id.value_or("");
  return parsed;
}

}  // namespace stratus::server
