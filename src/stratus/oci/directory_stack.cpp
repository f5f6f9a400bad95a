#include "stratus/oci/directory_stack.hpp"

#include <cerrno>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stratus/oci/layer_rules.hpp"

namespace stratus::oci {
namespace {

constexpr int kOpenDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

}  // namespace

Result<DirectoryStack> DirectoryStack::open(const std::filesystem::path& root) {
  STRATUS_TRY(fd, open_file(root, O_RDONLY | O_DIRECTORY));
  DirectoryStack stack;
  stack.levels_.push_back({"", std::move(fd)});
  return stack;
}

Result<int> DirectoryStack::enter(std::string_view path, const OnMissing& on_missing) {
  const auto holds = [&](const Level& level) {
    return level.path.empty() || path == level.path ||
           (path.starts_with(level.path) && path.size() > level.path.size() &&
            path[level.path.size()] == '/');
  };
  while (!holds(levels_.back())) levels_.pop_back();
  while (levels_.back().path != path) {
    const int parent = levels_.back().fd.get();
    const std::size_t begin = levels_.back().path.empty() ? 0 : levels_.back().path.size() + 1;
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string name(path.substr(begin, end - begin)), here(path.substr(0, end));
    int fd = ::openat(parent, name.c_str(), kOpenDirectory);
    // A file in the way answers ENOTDIR, a symbolic link ENOTDIR or ELOOP.
    if (fd < 0 && on_missing && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) {
      STRATUS_CHECK(on_missing(parent, name, here));
      fd = ::openat(parent, name.c_str(), kOpenDirectory);
    }
    if (fd < 0 && (errno == ENOTDIR || errno == ELOOP)) {
      return fail(ErrorCode::invalid,
                  fmt::format("{} lies behind {}, which is not a directory (links are not followed)",
                              shown(path), shown(here)));
    }
    if (fd < 0) return fail(Error::from_errno("open " + shown(here)));
    levels_.push_back({here, FileDescriptor(fd)});
  }
  return levels_.back().fd.get();
}

Result<void> remove_children(int directory, const std::string& path, const Keep& keep) {
  const int copy = ::openat(directory, ".", kOpenDirectory);
  if (copy < 0) return fail(Error::from_errno("open " + shown(path)));
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(copy), ::closedir);
  if (!entries) {
    ::close(copy);
    return fail(Error::from_errno("read directory " + shown(path)));
  }
  std::vector<std::string> names;  // first all names: removing while reading may skip some
  while (const dirent* const entry = ::readdir(entries.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  for (const std::string& name : names) {
    const std::string here = path.empty() ? name : path + "/" + name;
    STRATUS_CHECK(remove_below(directory, name, here, keep));
  }
  return {};
}

Result<void> remove_below(int parent, const std::string& name, const std::string& path, const Keep& keep) {
  const bool spared = keep && keep(path);
  if (!spared && ::unlinkat(parent, name.c_str(), 0) == 0) return {};
  if (!spared && errno == ENOENT) return {};
  if (!spared && errno != EISDIR && errno != EPERM) return fail(Error::from_errno("remove " + shown(path)));
  const int fd = ::openat(parent, name.c_str(), kOpenDirectory);
  if (fd < 0) {
    // What is spared may be a file, or not there at all.
    if (spared) return {};
    return fail(Error::from_errno("remove " + shown(path)));
  }
  const FileDescriptor directory(fd);
  STRATUS_CHECK(remove_children(fd, path, keep));
  if (spared) return {};
  if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return {};
  if (keep && (errno == ENOTEMPTY || errno == EEXIST)) return {};  // it holds something spared
  return fail(Error::from_errno("remove " + shown(path)));
}

}  // namespace stratus::oci
