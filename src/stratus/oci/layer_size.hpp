// How large a layer is once it is unpacked: what `stratus publish` writes beside it into the manifest (an
// annotation, docs/formats/image.md), so that a device plans with figures that are signed. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "stratus/oci/manifest.hpp"
#include "stratus/oci/tar_entry.hpp"
#include "stratus/oci/tree.hpp"

namespace stratus::oci {

struct LayerSize {
  std::uint64_t tar_bytes = 0;   // of the uncompressed tar, exactly
  std::uint64_t disk_bytes = 0;  // of the unpacked directory and what is kept beside it, on 4 KiB blocks
};

// Sums up what entries take on a disk.
class DiskSizeCounter {
 public:
  void add(const TarEntry& entry);
  std::uint64_t bytes() const;  // a multiple of kDiskBlock

 private:
  std::uint64_t blocks_ = 0;
  std::uint64_t entries_ = 0;
};
inline constexpr std::uint64_t kDiskBlock = 4096;  // bytes

std::uint64_t disk_bytes_of(const LayerItems& items);

// "TAR BLOCKS": bytes of the tar and blocks of kDiskBlock.
std::string encode_layer_size(const LayerSize& size);
void annotate(Descriptor& layer, const LayerSize& size);
// Nothing when the layer does not say, or says something else than annotate() writes.
std::optional<LayerSize> layer_size_of(const Descriptor& layer);

}  // namespace stratus::oci
