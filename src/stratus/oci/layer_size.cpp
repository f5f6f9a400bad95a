#include "stratus/oci/layer_size.hpp"

#include <charconv>

#include <fmt/format.h>

#include "stratus/oci/media_types.hpp"

namespace stratus::oci {
namespace {

// Its name in a directory, its inode where inodes take space, its tar header as it is kept packed.
constexpr std::uint64_t kPerEntry = 128;                 // bytes
constexpr std::uint64_t kMost = std::uint64_t{1} << 50;  // bytes; more is no layer

std::uint64_t blocks_of(std::uint64_t bytes) {
  return bytes / kDiskBlock + (bytes % kDiskBlock != 0 ? 1 : 0);
}

}  // namespace

void DiskSizeCounter::add(const TarEntry& entry) {
  ++entries_;
  if (entry.type == EntryType::file) blocks_ += blocks_of(entry.size);
  if (entry.type == EntryType::directory) ++blocks_;
}

std::uint64_t DiskSizeCounter::bytes() const {
  return (blocks_ + blocks_of(entries_ * kPerEntry)) * kDiskBlock;
}

std::uint64_t disk_bytes_of(const LayerItems& items) {
  DiskSizeCounter counter;
  for (const LayerItem& item : items) counter.add(item.entry);
  return counter.bytes();
}

std::string encode_layer_size(const LayerSize& size) {
  return fmt::format("{} {}", size.tar_bytes, blocks_of(size.disk_bytes));
}

void annotate(Descriptor& layer, const LayerSize& size) {
  layer.annotations[std::string(media::kUnpackedAnnotation)] = encode_layer_size(size);
}

std::optional<LayerSize> layer_size_of(const Descriptor& layer) {
  const std::string_view text = layer.annotation(media::kUnpackedAnnotation);
  const char* const end = text.data() + text.size();
  std::uint64_t tar = 0, blocks = 0;
  const auto first = std::from_chars(text.data(), end, tar);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != ' ') return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, blocks);
  if (second.ec != std::errc() || second.ptr != end) return std::nullopt;
  if (tar == 0 || tar > kMost || blocks > kMost / kDiskBlock) return std::nullopt;
  return LayerSize{tar, blocks * kDiskBlock};
}

}  // namespace stratus::oci
