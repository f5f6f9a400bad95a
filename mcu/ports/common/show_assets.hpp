// Reads the assets in use as a display task would, through two small buffers, and gives the digest of each.
#pragma once

#include "stratus/mcu/assets.hpp"

namespace stratus::mcu {

// Calls say(name, hex digits of the SHA-256, cause) for each asset; the digest counts only if the cause is
// ok. `first` and `second` have `capacity` bytes each: the longest row must fit.
template <typename Say>
void show_assets(ComponentArea& area, Crypto& hash, uint8_t* first, uint8_t* second, uint32_t capacity,
                 Say say) {
  if (!area.exists()) return;
  Assets assets(area);
  AssetStream stream(assets, first, second, capacity);
  Asset asset;
  for (uint32_t i = 0; assets.at(i, asset); ++i) {
    uint8_t digest[32];
    char hex[65];
    hash.hash_begin();
    Cause cause = stream.open(asset.name);
    while (cause == Cause::ok) {
      uint32_t size = 0;
      const uint8_t* const piece = stream.next(size);
      if (piece == nullptr) break;
      hash.hash_add(piece, size);
    }
    hash.hash_end(digest);
    if (cause == Cause::ok) cause = stream.cause();
    say(asset.name, TextWriter(hex, sizeof hex).hex(digest, 32).c_str(), cause);
  }
}

}  // namespace stratus::mcu
