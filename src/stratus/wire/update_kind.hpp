// What a name stands for: a container image, a firmware or display content. One rule for server and devices
// (docs/formats/artifacts.md): firmware lives below "firmware/", content in the repository "content".
#pragma once

#include <cstdint>
#include <string_view>

namespace stratus::wire {

enum class UpdateKind : std::uint8_t { container, firmware, content };

inline constexpr std::string_view kContentName = "content";
inline constexpr std::string_view kFirmwarePrefix = "firmware/";

constexpr UpdateKind update_kind_of(std::string_view name) {
  if (name == kContentName) return UpdateKind::content;
  return name.starts_with(kFirmwarePrefix) ? UpdateKind::firmware : UpdateKind::container;
}

// As it stands in topics and messages.
constexpr std::string_view name_of(UpdateKind kind) {
  switch (kind) {
    case UpdateKind::firmware:
      return "firmware";
    case UpdateKind::content:
      return "content";
    case UpdateKind::container:
      break;
  }
  return "container";
}

}  // namespace stratus::wire
