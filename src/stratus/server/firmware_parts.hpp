// What a firmware release may hold beside the firmware: layers of its OCI manifest, at most one of each kind
// (docs/formats/artifacts.md). Only microcontrollers take releases with such parts.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace stratus::server {

struct FirmwarePart {
  std::string_view kind;  // as in the API and on the command line
  std::string_view media_type;
  std::uint8_t number;  // in device manifests (docs/formats/mcu-image.md)
};

inline constexpr std::array<FirmwarePart, 3> kFirmwareParts{{
    {"assets", "application/vnd.stratus.firmware.assets.v1", 1},
    {"configuration", "application/vnd.stratus.firmware.configuration.v1", 2},
    {"secondary", "application/vnd.stratus.firmware.secondary.v1", 3},
}};

// Null: no such part.
inline const FirmwarePart* part_of_kind(std::string_view kind) {
  const auto* const found = std::find_if(kFirmwareParts.begin(), kFirmwareParts.end(),
                                         [&](const FirmwarePart& part) { return part.kind == kind; });
  return found != kFirmwareParts.end() ? found : nullptr;
}
inline const FirmwarePart* part_of_media_type(std::string_view media_type) {
  const auto* const found =
      std::find_if(kFirmwareParts.begin(), kFirmwareParts.end(),
                   [&](const FirmwarePart& part) { return part.media_type == media_type; });
  return found != kFirmwareParts.end() ? found : nullptr;
}

}  // namespace stratus::server
