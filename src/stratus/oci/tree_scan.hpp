// Reads a tree for publishing: from a directory, or from a tar of a root file system.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "stratus/base/file.hpp"
#include "stratus/base/result.hpp"
#include "stratus/oci/layer_rules.hpp"
#include "stratus/oci/tree.hpp"

namespace stratus::oci {

struct ScanOptions {
  LayerPolicy policy;
  std::optional<std::pair<std::uint32_t, std::uint32_t>> owner;  // instead of the files' own uid and gid
  std::function<void(std::uint64_t bytes)> on_bytes;  // for progress: bytes read since the last call
};

struct ScannedTree {
  Tree tree;
  std::unique_ptr<ContentSource> content;
};

// Follows no link and crosses into mounted file systems like any directory. Sockets are left out (they exist
// only while a program listens). `invalid` for names that OCI keeps for itself (".wh."), `denied` for device
// nodes unless the policy keeps them.
Result<ScannedTree> scan_directory(const std::filesystem::path& directory, const ScanOptions& options);

// A tar, plain or compressed with gzip or zstd, that is a whole root file system: no whiteouts. A compressed
// one is unpacked into `scratch`, an existing directory.
Result<ScannedTree> scan_rootfs_tar(const std::filesystem::path& file, const std::filesystem::path& scratch,
                                    const ScanOptions& options);

}  // namespace stratus::oci
