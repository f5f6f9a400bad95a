// Packs pictures and other files as the assets part of a release (docs/formats/mcu-assets.md). Host side.
#pragma once

#include <string>
#include <vector>

#include "stratus/base/bytes.hpp"
#include "stratus/base/result.hpp"

namespace stratus::mcu::host {

struct AssetFile {
  std::string name;  // 1 to 24 bytes, each once
  Bytes data;
  std::uint16_t width = 0, height = 0;  // pixels
  std::uint16_t row = 0;                // bytes of a row; then `data` holds exactly `height` of them
  std::uint16_t format = 0;             // 1: RGB565, low byte first
};

// The payload of the part, not yet signed.
Result<Bytes> write_assets(const std::vector<AssetFile>& files);

}  // namespace stratus::mcu::host
