#include "stratus/db/device_text.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace stratus::db {
namespace {

Result<void> check_degrees(std::string_view what, const std::optional<std::optional<double>>& value,
                           double most) {
  if (!value || !*value || (**value >= -most && **value <= most)) return {};
  return fail(ErrorCode::invalid, fmt::format("{}: degrees from -{} to {}", what, most, most));
}

}  // namespace

std::string fold(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string search_text(const InventoryDevice& device) {
  std::string text = device.reported.id;
  for (const std::string& part : {device.label, device.hardware, device.location}) {
    if (!part.empty()) text += "\n" + part;
  }
  if (!device.tags.empty()) text += "\n" + encode_tags(device.tags);
  if (text.size() > kMaxSearch) {
    // Not inside a character.
    std::size_t end = kMaxSearch;
    while ((static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    text.resize(end);
  }
  return fold(text);
}

Result<void> check_change(const DeviceChange& change) {
  const auto check = [](std::string_view what, const std::optional<std::string>& text) -> Result<void> {
    return text ? check_name(what, *text, true) : Result<void>();
  };
  STRATUS_CHECK(check("label", change.label));
  STRATUS_CHECK(check("hardware", change.hardware));
  STRATUS_CHECK(check("location", change.location));
  STRATUS_CHECK(check("time_zone", change.time_zone));
  if (change.kind && *change.kind != "linux" && *change.kind != "mcu") {
    return fail(ErrorCode::invalid, "kind: linux or mcu");
  }
  STRATUS_CHECK(check_degrees("latitude", change.latitude, 90));
  STRATUS_CHECK(check_degrees("longitude", change.longitude, 180));
  return change.tags ? check_tags(*change.tags) : Result<void>();
}

}  // namespace stratus::db
