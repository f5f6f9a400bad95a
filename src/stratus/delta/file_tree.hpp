// The files of an installed older image, as a delta's source: path → bytes. Three places keep such trees:
// a directory, the layer directories of a device (upper layers hide lower ones), and layer tars on the
// server.
//
// A tree is for one thread at a time. Opening a tree lists nothing: `files()` does when it is first asked,
// which only making a delta needs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/base/bytes.hpp"
#include "stratus/base/result.hpp"

namespace stratus::delta {

struct TreeFile {
  std::string path;  // relative, no leading "./", components joined by '/'
  std::uint64_t size;
};

// A read-only view of one file; keeps what it points into alive.
class FileView {
 public:
  virtual ~FileView() = default;
  virtual std::uint64_t size() const = 0;
  // Exactly `into.size()` bytes at `offset`; beyond the end is `corrupt`. Takes no memory of its own.
  virtual Result<void> read(std::uint64_t offset, std::span<std::uint8_t> into) const = 0;
  // The whole file, mapped when first asked for.
  virtual Result<BytesView> bytes() = 0;
};

class FileTree {
 public:
  virtual ~FileTree() = default;
  // Regular files only, sorted by path; hard links appear under each of their names.
  virtual Result<const std::vector<TreeFile>*> files() const = 0;
  // Never follows a link out of the tree. `not_found` when there is no such regular file.
  virtual Result<std::unique_ptr<FileView>> open(std::string_view path) const = 0;
  // The tar headers of the layers that the tree came from, lowest layer first (see tar_layout.hpp): a layer
  // that has too many counts as one without (layer_headers.hpp). Empty where they are never kept, `corrupt`
  // where they should be and are not.
  virtual Result<std::unique_ptr<FileView>> headers() const;
};

// A plain directory.
Result<std::unique_ptr<FileTree>> open_directory_tree(const std::filesystem::path& root);
// Layer directories as the agent keeps them (overlayfs whiteouts: character device 0/0 and the
// "opaque" extended attribute), lowest first. Their tar headers are looked for beside them
// (layer_headers.hpp), when asked for.
Result<std::unique_ptr<FileTree>> open_layered_tree(const std::vector<std::filesystem::path>& layers);
// Uncompressed layer tars (OCI ".wh." whiteouts), lowest first.
Result<std::unique_ptr<FileTree>> open_tar_tree(const std::vector<std::filesystem::path>& tars);
// One file under its own name.
Result<std::unique_ptr<FileTree>> open_single_file_tree(const std::filesystem::path& file);

// "./usr//bin/x" → "usr/bin/x"; empty when the path is absolute, has a ".." or names nothing.
std::string normalised_path(std::string_view path);

}  // namespace stratus::delta
