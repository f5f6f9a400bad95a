// Applies a layer's tar stream to a directory.
//
// Two forms:
//   layer_directory  the layer alone, as overlayfs wants a lower directory: a whiteout is a character device
//                    0/0, an opaque directory has the attribute `trusted.overlay.opaque` = "y".
//   merged_tree      the layer applied to the merged tree of the layers below it, as a container engine
//                    shows it.
//
// Safety: every step is relative to an open directory and follows no link, so nothing outside the directory
// is ever written, whatever the archive says; what would lead there is refused (oci/layer_rules.hpp), as is
// an entry whose parent is a symbolic link. The caller keeps others out of the directory while it is filled.
//
// Durability: when finish() has succeeded the contents are on disk: up to eight files one by one, more by one
// syncfs(2), which also waits for what others wrote to that file system. The directory's own name is the
// caller's to sync.
//
// One thread; blocking.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "stratus/base/bytes.hpp"
#include "stratus/base/result.hpp"
#include "stratus/oci/layer_rules.hpp"

namespace stratus::oci {

enum class UnpackForm : std::uint8_t { layer_directory, merged_tree };

struct UnpackOptions {
  UnpackForm form = UnpackForm::layer_directory;
  LayerPolicy policy;
  bool keep_owner = true;  // chown to the archive's ids; needs privileges
  bool sync = true;
  // Directories get their attributes at the end, so they are remembered; `no_space` beyond this many bytes.
  std::uint64_t max_remembered = 128u << 20;
};

struct UnpackTotals {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;  // of files
};

class LayerUnpacker {
 public:
  // `directory` exists; for layer_directory it is empty.
  static Result<std::unique_ptr<LayerUnpacker>> create(const std::filesystem::path& directory,
                                                       const UnpackOptions& options);
  ~LayerUnpacker();

  // The next bytes of the uncompressed tar. After an error the directory holds part of the layer: discard it.
  Result<void> feed(BytesView tar);
  // Ends the archive, sets directories' attributes, syncs.
  Result<UnpackTotals> finish();

 private:
  struct Impl;
  explicit LayerUnpacker(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace stratus::oci
