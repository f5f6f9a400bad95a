// Writes a layer blob: the changes as a tar, compressed with zstd. The same changes give the same bytes, on
// any machine with the same zstd version; the diff id does not even depend on that.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "stratus/base/digest.hpp"
#include "stratus/base/result.hpp"
#include "stratus/oci/manifest.hpp"
#include "stratus/oci/tree_diff.hpp"

namespace stratus::oci {

struct LayerWriteOptions {
  // The layer changes an older image, so most devices will fetch a recipe instead of it: a large one is
  // packed quickly rather than tightly. Other layers travel whole to every device.
  bool is_change = false;
  int level =
      0;  // of zstd; 0: by the layer's size. The decoder's window is 8 MiB at most, for small devices.
  std::function<void(std::uint64_t bytes)> on_bytes;  // for progress: file bytes written since the last call
};

// The zstd level for a layer with so many bytes of files.
int layer_level(std::uint64_t file_bytes, bool is_change);

struct WrittenLayer {
  Descriptor descriptor;  // of the blob, with how large it is unpacked
  Digest diff_id;
  std::uint64_t tar_bytes = 0;
};

// Creates or replaces `file`. Not synced: a publisher uploads it and throws it away.
Result<WrittenLayer> write_layer(const TreeDiff& diff, const ContentSource& content,
                                 const std::filesystem::path& file, const LayerWriteOptions& options);

}  // namespace stratus::oci
