#include "host/assets_writer.hpp"

#include <set>

#include "stratus/mcu/assets.hpp"

namespace stratus::mcu::host {
namespace {

constexpr std::size_t kAlign = 4;  // of each asset in the payload, for DMA

void store16(std::uint8_t* to, std::uint16_t value) {
  to[0] = static_cast<std::uint8_t>(value);
  to[1] = static_cast<std::uint8_t>(value >> 8);
}

}  // namespace

Result<Bytes> write_assets(const std::vector<AssetFile>& files) {
  std::set<std::string> names;
  Bytes out(kAssetsHeaderSize + files.size() * kAssetEntrySize);
  if (files.size() > 0xffff) return fail(ErrorCode::invalid, "assets: more than 65,535 files");
  store32(out.data(), kAssetsMagic);
  store16(out.data() + 4, static_cast<std::uint16_t>(files.size()));
  store16(out.data() + 6, kAssetEntrySize);
  for (std::size_t i = 0; i < files.size(); ++i) {
    const AssetFile& file = files[i];
    if (file.name.empty() || file.name.size() > kAssetNameLimit || !names.insert(file.name).second)
      return fail(ErrorCode::invalid, "assets: '" + file.name + "': a name has 1 to 24 bytes, each once");
    if (file.row != 0 && file.data.size() != std::size_t{file.row} * file.height)
      return fail(ErrorCode::invalid, "assets: '" + file.name + "' has not as many bytes as its rows");
    out.resize((out.size() + kAlign - 1) / kAlign * kAlign);
    std::uint8_t* const entry = out.data() + kAssetsHeaderSize + i * kAssetEntrySize;
    memcpy(entry, file.name.data(), file.name.size());
    store16(entry + 24, file.width);
    store16(entry + 26, file.height);
    store16(entry + 28, file.row);
    store16(entry + 30, file.format);
    store32(entry + 32, static_cast<std::uint32_t>(out.size()));
    store32(entry + 36, static_cast<std::uint32_t>(file.data.size()));
    out.insert(out.end(), file.data.begin(), file.data.end());
  }
  return out;
}

}  // namespace stratus::mcu::host
