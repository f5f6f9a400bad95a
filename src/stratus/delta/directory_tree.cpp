// Plain and layered directories as trees.
#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "stratus/delta/file_tree.hpp"
#include "stratus/delta/file_view.hpp"
#include "stratus/delta/layer_headers.hpp"

namespace stratus::delta {
namespace {

namespace fs = std::filesystem;

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

bool is_opaque(int directory) {
  char value = 0;
  for (const char* name : {"trusted.overlay.opaque", "user.overlay.opaque"}) {
    if (::fgetxattr(directory, name, &value, 1) == 1 && value == 'y') return true;
  }
  return false;
}

// The same directory in every layer that shows it, highest first. Opened component by component without
// following links, so nothing leads out of the tree.
using Chain = std::vector<FileDescriptor>;

Result<Chain> enter(const Chain& above, const std::string& name) {
  Chain below;
  for (const FileDescriptor& directory : above) {
    struct stat status {};
    if (::fstatat(directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) continue;
      return fail(Error::from_errno("stat " + name));
    }
    if (!S_ISDIR(status.st_mode)) break;  // a file, link or whiteout hides what is lower
    below.emplace_back(
        ::openat(directory.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!below.back()) return fail(Error::from_errno("open " + name));
    if (is_opaque(below.back().get())) break;
  }
  return below;
}

class LayeredTree final : public FileTree {
 public:
  LayeredTree(Chain layers, std::vector<fs::path> header_files)
      : layers_(std::move(layers)), header_files_(std::move(header_files)) {}

  Result<const std::vector<TreeFile>*> files() const override {
    if (!files_) {
      std::vector<TreeFile> found;
      STRATUS_CHECK(walk(layers_, "", found));
      std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
      files_ = std::move(found);
    }
    return &*files_;
  }

  Result<std::unique_ptr<FileView>> open(std::string_view path) const override {
    const std::string name = normalised_path(path);
    const auto missing = [&] { return fail(ErrorCode::not_found, "no regular file " + std::string(path)); };
    if (name.empty() || name != path) return missing();
    const std::size_t slash = name.rfind('/');
    STRATUS_TRY(chain, parent_of(slash == std::string::npos ? "" : name.substr(0, slash)));
    const std::string leaf = name.substr(slash == std::string::npos ? 0 : slash + 1);
    for (const FileDescriptor& directory : *chain) {
      struct stat status {};
      if (::fstatat(directory.get(), leaf.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT || errno == ENAMETOOLONG) continue;
        return fail(Error::from_errno("stat " + name));
      }
      if (!S_ISREG(status.st_mode)) break;
      const int fd = ::openat(directory.get(), leaf.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
      if (fd < 0) return fail(Error::from_errno("open " + name));
      auto file = std::make_shared<FileDescriptor>(fd);
      STRATUS_TRY(size, file_size(fd));
      return make_file_view(std::move(file), 0, size);
    }
    return missing();
  }

  Result<std::unique_ptr<FileView>> headers() const override { return open_recorded_headers(header_files_); }

 private:
  // Neighbouring files share their directory, so the last one is kept open.
  Result<const Chain*> parent_of(const std::string& path) const {
    if (path.empty()) return &layers_;
    if (parent_path_ != path) {
      parent_path_.clear();
      const Chain* above = &layers_;
      Chain holder;
      for (std::size_t start = 0; start <= path.size();) {
        const std::size_t slash = std::min(path.find('/', start), path.size());
        STRATUS_TRY(below, enter(*above, path.substr(start, slash - start)));
        holder = std::move(below);
        above = &holder;
        start = slash + 1;
      }
      parent_ = std::move(holder);
      parent_path_ = path;
    }
    return &parent_;
  }

  static Result<void> walk(const Chain& directories, const std::string& prefix,
                           std::vector<TreeFile>& found) {
    std::set<std::string> decided;         // names whose highest owner was seen
    std::set<std::string> subdirectories;  // of these, the directories
    for (const FileDescriptor& directory : directories) {
      const int copy = ::openat(directory.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      if (copy < 0) return fail(Error::from_errno("list " + prefix));
      const std::unique_ptr<DIR, CloseDirectory> listing(::fdopendir(copy));
      while (const dirent* const entry = ::readdir(listing.get())) {
        const std::string name = entry->d_name;
        if (name == "." || name == ".." || decided.contains(name)) continue;
        struct stat status {};
        if (::fstatat(directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
          return fail(Error::from_errno("stat " + prefix + name));
        }
        decided.insert(name);
        if (S_ISREG(status.st_mode))
          found.push_back({prefix + name, static_cast<std::uint64_t>(status.st_size)});
        if (S_ISDIR(status.st_mode)) subdirectories.insert(name);
      }
    }
    for (const std::string& name : subdirectories) {
      STRATUS_TRY(below, enter(directories, name));
      STRATUS_CHECK(walk(below, prefix + name + "/", found));
    }
    return {};
  }

  Chain layers_;                        // highest first
  std::vector<fs::path> header_files_;  // lowest first
  mutable std::optional<std::vector<TreeFile>> files_;
  mutable std::string parent_path_;
  mutable Chain parent_;
};

Result<Chain> open_layers(const std::vector<fs::path>& layers) {
  Chain opened;
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
    STRATUS_TRY(fd, open_file(*layer, O_RDONLY | O_DIRECTORY));
    opened.push_back(std::move(fd));
  }
  return opened;
}

class SingleFileTree final : public FileTree {
 public:
  SingleFileTree(std::shared_ptr<FileDescriptor> file, std::string name, std::uint64_t size)
      : file_(std::move(file)), files_{{std::move(name), size}} {}
  Result<const std::vector<TreeFile>*> files() const override { return &files_; }
  Result<std::unique_ptr<FileView>> open(std::string_view path) const override {
    if (path != files_[0].path) return fail(ErrorCode::not_found, "no regular file " + std::string(path));
    return make_file_view(file_, 0, files_[0].size);
  }

 private:
  std::shared_ptr<FileDescriptor> file_;
  std::vector<TreeFile> files_;
};

}  // namespace

Result<std::unique_ptr<FileTree>> open_directory_tree(const fs::path& root) {
  STRATUS_TRY(opened, open_layers({root}));
  return std::unique_ptr<FileTree>(std::make_unique<LayeredTree>(std::move(opened), std::vector<fs::path>()));
}

Result<std::unique_ptr<FileTree>> open_layered_tree(const std::vector<fs::path>& layers) {
  STRATUS_TRY(opened, open_layers(layers));
  std::vector<fs::path> header_files;
  for (const fs::path& layer : layers) header_files.push_back(header_file_of(layer));
  return std::unique_ptr<FileTree>(std::make_unique<LayeredTree>(std::move(opened), std::move(header_files)));
}

Result<std::unique_ptr<FileTree>> open_single_file_tree(const fs::path& file) {
  STRATUS_TRY(fd, open_file(file, O_RDONLY));
  STRATUS_TRY(size, file_size(fd.get()));
  return std::unique_ptr<FileTree>(std::make_unique<SingleFileTree>(
      std::make_shared<FileDescriptor>(std::move(fd)), file.filename().string(), size));
}

}  // namespace stratus::delta
