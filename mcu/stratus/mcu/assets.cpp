#include "stratus/mcu/assets.hpp"

namespace stratus::mcu {

uint32_t Assets::count() {
  uint8_t head[kAssetsHeaderSize];
  if (!area_.read(0, head, sizeof head) || load32(head) != kAssetsMagic) return 0;
  if (load16(head + 6) != kAssetEntrySize) return 0;
  const uint32_t count = load16(head + 4);
  return count * kAssetEntrySize <= area_.size() - kAssetsHeaderSize ? count : 0;
}

bool Assets::at(uint32_t index, Asset& asset) {
  uint8_t entry[kAssetEntrySize];
  if (index >= count() || !area_.read(kAssetsHeaderSize + index * kAssetEntrySize, entry, sizeof entry))
    return false;
  memcpy(asset.name, entry, kAssetNameLimit);
  asset.name[kAssetNameLimit] = 0;
  asset.width = load16(entry + 24);
  asset.height = load16(entry + 26);
  asset.row = load16(entry + 28);
  asset.format = load16(entry + 30);
  asset.offset = load32(entry + 32);
  asset.size = load32(entry + 36);
  return asset.offset <= area_.size() && asset.size <= area_.size() - asset.offset &&
         (asset.row == 0 || asset.size % asset.row == 0);
}

bool Assets::find(const char* name, Asset& asset) {
  const uint32_t all = count();
  const uint32_t size = length_of(name);
  if (size > kAssetNameLimit) return false;
  for (uint32_t i = 0; i < all; ++i) {
    if (at(i, asset) && memcmp(asset.name, name, size + 1) == 0) return true;
  }
  return false;
}

Cause AssetStream::open(const char* name) {
  done_ = 0;
  generation_ = assets_.area().generation();
  cause_ = assets_.find(name, asset_) ? Cause::ok : Cause::not_found;
  if (cause_ == Cause::ok && (capacity_ == 0 || asset_.row > capacity_)) cause_ = Cause::too_large;
  return cause_;
}

const uint8_t* AssetStream::next(uint32_t& size) {
  size = 0;
  if (cause_ == Cause::ok && generation_ != assets_.area().generation()) cause_ = Cause::conflict;
  if (cause_ != Cause::ok || done_ == asset_.size) return nullptr;
  uint32_t n = asset_.row == 0 ? capacity_ : capacity_ / asset_.row * asset_.row;
  if (n > asset_.size - done_) n = asset_.size - done_;
  uint8_t* const to = buffers_[turn_];
  if (!assets_.area().read(asset_.offset + done_, to, n)) {
    cause_ = Cause::io;
    return nullptr;
  }
  turn_ ^= 1;
  done_ += n;
  size = n;
  return to;
}

}  // namespace stratus::mcu
