// Walks below one directory by descriptors only: no step follows a symbolic link, so no name in an archive
// leads outside. Keeps the way to the current directory open, because archives list neighbours together.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/base/file.hpp"
#include "stratus/base/result.hpp"

namespace stratus::oci {

class DirectoryStack {
 public:
  static Result<DirectoryStack> open(const std::filesystem::path& root);

  int root() const { return levels_.front().fd.get(); }

  // The open directory at `path` (as LayerPath has it). What is missing is left to `on_missing(parent fd,
  // name, path)`, which makes a directory or fails; without one it is `not_found`. Something else than a
  // directory in the way is `invalid`. The descriptor is valid until the next call.
  using OnMissing = std::function<Result<void>(int parent, const std::string& name, const std::string& path)>;
  Result<int> enter(std::string_view path, const OnMissing& on_missing = {});

 private:
  struct Level {
    std::string path;
    FileDescriptor fd;
  };
  std::vector<Level> levels_;
};

// Removes `name` (and all below when it is a directory); success when it is not there. `keep` spares what it
// answers true for, by path below `path`, and the directories that hold it.
using Keep = std::function<bool(const std::string& path)>;
Result<void> remove_below(int parent, const std::string& name, const std::string& path,
                          const Keep& keep = {});
Result<void> remove_children(int directory, const std::string& path, const Keep& keep);

}  // namespace stratus::oci
