// The files of an installed older image, as a delta's source: path → bytes. Three places keep such trees:
// a directory, the layer directories of a device (upper layers hide lower ones), and layer tars on the
// server.
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
  virtual BytesView bytes() const = 0;
};

class FileTree {
 public:
  virtual ~FileTree() = default;
  // Regular files only, sorted by path; hard links appear under each of their names.
  virtual const std::vector<TreeFile>& files() const = 0;
  // Never follows a link out of the tree. `not_found` when there is no such regular file.
  virtual Result<std::unique_ptr<FileView>> open(std::string_view path) const = 0;
};

// A plain directory.
Result<std::unique_ptr<FileTree>> open_directory_tree(const std::filesystem::path& root);
// Layer directories as the agent keeps them (overlayfs whiteouts: character device 0/0 and the
// "opaque" extended attribute), lowest first.
Result<std::unique_ptr<FileTree>> open_layered_tree(const std::vector<std::filesystem::path>& layers);
// Uncompressed layer tars (OCI ".wh." whiteouts), lowest first. The tars stay mapped.
Result<std::unique_ptr<FileTree>> open_tar_tree(const std::vector<std::filesystem::path>& tars);

}  // namespace stratus::delta
