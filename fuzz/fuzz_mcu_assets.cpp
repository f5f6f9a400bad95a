// The index of a release's assets, as if a signature covered it: every name, offset and size stays inside,
// and streams end.
#include <algorithm>
#include <cstdlib>

#include "host/image_writer.hpp"
#include "host/lenient_crypto.hpp"
#include "host/memory_flash.hpp"

#include "stratus/mcu/assets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stratus::mcu;
  if (size == 0 || size > 6000) return 0;
  constexpr FlashLayout kLayout = {0, {2 * 4096, 4 * 4096}, 2 * 4096};
  host::MemoryFlash flash(6 * 4096, 4096, 4);
  host::ImageFields fields;
  fields.model = "m/assets";
  fields.header_size = 32;
  fields.payload_unit = 1;
  const auto image = host::write_image({data, size}, fields, [](const host::RawDigest&) {
    return stratus::Result<stratus::Bytes>(stratus::Bytes(70, 1));
  });
  std::copy(image->begin(), image->end(), flash.bytes.begin() + kLayout.slot[0]);
  host::LenientCrypto crypto;
  ComponentArea area(ComponentKind::assets, flash, kLayout, crypto, "m");
  area.start(State::ready);
  if (!area.exists() || area.size() != size) std::abort();
  Assets assets(area);
  std::uint8_t first[64], second[64];
  Asset asset;
  for (std::uint32_t i = 0; i < assets.count(); ++i) {
    if (!assets.at(i, asset)) continue;
    if (asset.offset > size || asset.size > size - asset.offset) std::abort();
    AssetStream stream(assets, first, second, sizeof first);
    if (stream.open(asset.name) != Cause::ok) continue;
    std::uint32_t piece = 0, all = 0;
    while (stream.next(piece) != nullptr) all += piece;
    if (all != stream.asset().size) std::abort();
  }
  return 0;
}
