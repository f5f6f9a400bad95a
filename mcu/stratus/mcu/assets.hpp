// Pictures, fonts and sounds in the assets part of a release, read from flash in small pieces.
//
// Nothing is loaded whole: a display task gives two small buffers, and while the panel takes one by DMA the
// next rows are read into the other. All that is read was verified when the part came into use. One task at a
// time; an AssetStream notices when another part came into use meanwhile. Format: docs/formats/mcu-assets.md.
#pragma once

#include "stratus/mcu/components.hpp"

namespace stratus::mcu {

constexpr uint32_t kAssetsMagic = 0x31504153;  // "SAP1"
constexpr uint32_t kAssetsHeaderSize = 8;
constexpr uint32_t kAssetEntrySize = 40;
constexpr uint32_t kAssetNameLimit = 24;  // bytes, zeros after a shorter one

struct Asset {
  char name[kAssetNameLimit + 1];
  uint16_t width, height;  // pixels; 0: no picture
  uint16_t row;            // bytes of a row; 0: plain bytes
  uint16_t format;         // of the pixels, the board's own numbers; 1: RGB565, low byte first
  uint32_t offset, size;   // bytes of the part's payload
};

class Assets {
 public:
  explicit Assets(ComponentArea& area) : area_(area) {}

  uint32_t count();  // 0: no assets, or not in this format
  // False: no such entry, or one that points outside the part.
  bool at(uint32_t index, Asset& asset);
  bool find(const char* name, Asset& asset);
  ComponentArea& area() { return area_; }

 private:
  ComponentArea& area_;
};

// One asset from its first byte to its last, through two buffers of the caller in turns.
class AssetStream {
 public:
  // Both buffers have `capacity` bytes and outlive the stream.
  AssetStream(Assets& assets, uint8_t* first, uint8_t* second, uint32_t capacity)
      : assets_(assets), buffers_{first, second}, capacity_(capacity) {}

  // not_found; too_large: a buffer does not hold one row.
  Cause open(const char* name);
  const Asset& asset() const { return asset_; }
  // The next whole rows (or bytes) of it, in the buffer that was not given out last: the one before stays as
  // it is until the call after this. Null: at the end, or interrupted; see cause().
  const uint8_t* next(uint32_t& size);
  // conflict: other assets came into use; open again. io: the flash failed.
  Cause cause() const { return cause_; }

 private:
  Assets& assets_;
  uint8_t* buffers_[2];
  uint32_t capacity_;
  Asset asset_ = {};
  uint32_t done_ = 0;
  uint8_t turn_ = 0, generation_ = 0;
  Cause cause_ = Cause::conflict;
};

}  // namespace stratus::mcu
