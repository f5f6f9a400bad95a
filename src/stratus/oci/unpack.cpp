#include "stratus/oci/unpack.hpp"

#include <cerrno>
#include <map>
#include <unordered_set>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "stratus/oci/directory_stack.hpp"
#include "stratus/oci/tar_parser.hpp"

namespace stratus::oci {
namespace {

constexpr const char* kOpaqueXattr = "trusted.overlay.opaque";
constexpr std::size_t kWriteBuffer = 128u << 10;
constexpr std::size_t kSyncOneByOne = 8;

// What a directory is to look like once everything below it is written.
struct DirectoryState {
  bool times_only = false;  // it was there before the layer and is not in it
  bool made_here = false;
  std::uint32_t mode = 0755, uid = 0, gid = 0;
  struct timespec mtime {};
  std::map<std::string, std::string> xattrs;
};

struct timespec to_timespec(const TarEntry& entry) {
  return {static_cast<time_t>(entry.mtime_s), static_cast<long>(entry.mtime_ns)};
}

Result<void> failed(std::string_view what, const std::string& path) {
  return fail(Error::from_errno(fmt::format("{} {}", what, shown(path))));
}

bool is_whiteout(const struct stat& status) { return S_ISCHR(status.st_mode) && status.st_rdev == 0; }

}  // namespace

struct LayerUnpacker::Impl : public TarVisitor {
  Impl(DirectoryStack the_stack, const UnpackOptions& the_options)
      : stack(std::move(the_stack)), options(the_options), guard(the_options.policy), parser(*this) {}

  DirectoryStack stack;
  UnpackOptions options;
  LayerGuard guard;
  TarParser parser;
  // The file being written.
  FileDescriptor file;
  TarEntry entry;
  std::string path;
  Bytes buffer;
  std::map<std::string, DirectoryState> directories;
  std::unordered_set<std::string> written;  // merged_tree: paths of this layer, which its whiteouts spare
  std::vector<FileDescriptor> few_files;    // to be synced one by one
  std::size_t inodes = 0;
  std::uint64_t remembered = 0;  // bytes of memory, roughly

  bool merged() const { return options.form == UnpackForm::merged_tree; }

  Result<void> begin_entry(const TarEntry& the_entry, std::uint64_t data_offset) override;
  Result<void> entry_data(BytesView data) override;
  Result<void> end_entry() override;

  Result<int> open_parent(const std::string& parent);
  Result<void> make_missing(int parent, const std::string& name, const std::string& here);
  Result<void> hide(int parent, const LayerPath& where);
  Result<void> hide_all_below(const std::string& directory);
  Result<void> make_directory(int parent, const LayerPath& where);
  Result<void> make_hard_link(int parent, const LayerPath& where);
  Result<void> make_node(int parent, const LayerPath& where);
  // Calls `make` (0 or -1 with errno) and, when something is in its place, removes that and calls it again.
  template <class Make>
  Result<void> make_in_place(int parent, const LayerPath& where, const char* verb, Make make);
  Result<void> set_node_attributes(int parent, const LayerPath& where);
  Result<void> finish_file();
  Result<void> finish_directories();
  Result<void> sync();
  void remember_written(const std::string& here);
  Result<void> remember(const std::string& here, DirectoryState state);
};

void LayerUnpacker::Impl::remember_written(const std::string& here) {
  for (std::size_t end = here.size(); end != std::string::npos && end > 0; end = here.rfind('/', end - 1)) {
    if (!written.insert(here.substr(0, end)).second) return;  // then its parents are known too
  }
}

// An archive may name one file below 255 new directories, a million times over.
Result<void> LayerUnpacker::Impl::remember(const std::string& here, DirectoryState state) {
  constexpr std::size_t kNode = 64;  // of a map, beside its key and value
  remembered += kNode + sizeof(DirectoryState) + here.size();
  for (const auto& [name, value] : state.xattrs) remembered += 2 * kNode + name.size() + value.size();
  if (remembered > options.max_remembered) {
    return fail(ErrorCode::no_space, fmt::format("{}: the layer has more directories and attributes of them "
                                                 "than fit the {} bytes allowed for remembering them",
                                                 shown(here), options.max_remembered));
  }
  directories.insert_or_assign(here, std::move(state));
  return {};
}

Result<int> LayerUnpacker::Impl::open_parent(const std::string& parent) {
  STRATUS_TRY(fd, stack.enter(parent, [this](int above, const std::string& name, const std::string& here) {
    return make_missing(above, name, here);
  }));
  if (merged() && !directories.contains(parent)) {
    // Adding or removing names changes this directory's time, which the layer did not ask for.
    struct stat status {};
    if (::fstat(fd, &status) != 0) return fail(Error::from_errno("stat " + shown(parent)));
    DirectoryState state;
    state.times_only = true;
    state.mtime = status.st_mtim;
    directories.emplace(parent, state);
  }
  return fd;
}

// A directory that the archive takes for granted.
Result<void> LayerUnpacker::Impl::make_missing(int parent, const std::string& name, const std::string& here) {
  struct stat status {};
  bool opaque = false;
  if (::fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) {
    if (merged() || !is_whiteout(status)) return {};  // enter() says what is in the way
    // The layer deletes `here` and then fills it anew: nothing below may show through.
    if (::unlinkat(parent, name.c_str(), 0) != 0) return failed("remove", here);
    opaque = true;
  }
  if (::mkdirat(parent, name.c_str(), 0755) != 0) return failed("create directory", here);
  DirectoryState state;
  state.made_here = true;
  if (opaque) state.xattrs.emplace(kOpaqueXattr, "y");
  ++inodes;
  return remember(here, std::move(state));
}

Result<void> LayerUnpacker::Impl::begin_entry(const TarEntry& the_entry, std::uint64_t) {
  entry = the_entry;
  STRATUS_TRY(where, guard.admit(entry));
  path = where.path();
  switch (where.mark) {
    case LayerMark::ignored:
      return {};
    case LayerMark::opaque:
      return hide_all_below(where.parent);
    case LayerMark::whiteout: {
      STRATUS_TRY(parent, open_parent(where.parent));
      return hide(parent, where);
    }
    case LayerMark::none:
      break;
  }
  if (where.name.empty()) {  // the root itself
    DirectoryState& state = directories[""];
    auto kept = std::move(state.xattrs);
    state = DirectoryState{false, false, entry.mode, entry.uid, entry.gid, to_timespec(entry), entry.xattrs};
    if (kept.contains(kOpaqueXattr)) state.xattrs.emplace(kOpaqueXattr, "y");
    return {};
  }
  STRATUS_TRY(parent, open_parent(where.parent));
  if (merged()) remember_written(path);
  switch (entry.type) {
    case EntryType::directory:
      return make_directory(parent, where);
    case EntryType::hard_link:
      return make_hard_link(parent, where);
    case EntryType::file: {
      int fd = -1;
      STRATUS_CHECK(make_in_place(parent, where, "create", [&] {
        fd = ::openat(parent, where.name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        return fd < 0 ? -1 : 0;
      }));
      file = FileDescriptor(fd);
      return {};
    }
    default:
      return make_node(parent, where);
  }
}

template <class Make>
Result<void> LayerUnpacker::Impl::make_in_place(int parent, const LayerPath& where, const char* verb,
                                                Make make) {
  ++inodes;
  if (make() == 0) return {};
  if (errno == EEXIST) {
    STRATUS_CHECK(remove_below(parent, where.name, path));
    // Forget directories that went with it.
    directories.erase(path);
    const auto first = directories.lower_bound(path + "/");
    directories.erase(first, directories.lower_bound(path + "0"));  // '0' follows '/'
    if (make() == 0) return {};
  }
  return failed(verb, path);
}

Result<void> LayerUnpacker::Impl::hide(int parent, const LayerPath& where) {
  if (merged()) {
    return remove_below(parent, where.name, path,
                        [this](const std::string& here) { return written.contains(here); });
  }
  if (::mknodat(parent, where.name.c_str(), S_IFCHR, makedev(0, 0)) == 0) {
    ++inodes;
    return {};
  }
  if (errno != EEXIST) return failed("create the whiteout of", path);
  // A whiteout only speaks of the layers below. What this layer itself has there stays; a file hides what is
  // below anyway, a directory has to be made opaque.
  struct stat status {};
  if (::fstatat(parent, where.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return failed("stat", path);
  return S_ISDIR(status.st_mode) ? hide_all_below(path) : Result<void>();
}

Result<void> LayerUnpacker::Impl::hide_all_below(const std::string& directory) {
  STRATUS_TRY(fd, open_parent(directory));
  if (merged()) {
    return remove_children(fd, directory, [this](const std::string& here) { return written.contains(here); });
  }
  // With the directory's other attributes at the end.
  DirectoryState& state = directories[directory];
  state.xattrs.emplace(kOpaqueXattr, "y");
  return {};
}

Result<void> LayerUnpacker::Impl::make_directory(int parent, const LayerPath& where) {
  DirectoryState state{false, true, entry.mode, entry.uid, entry.gid, to_timespec(entry), entry.xattrs};
  ++inodes;
  if (::mkdirat(parent, where.name.c_str(), 0700) != 0) {
    if (errno != EEXIST) return failed("create directory", path);
    struct stat status {};
    if (::fstatat(parent, where.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return failed("stat", path);
    if (S_ISDIR(status.st_mode)) {
      const auto known = directories.find(path);
      state.made_here = known != directories.end() && known->second.made_here;
      if (known != directories.end() && known->second.xattrs.contains(kOpaqueXattr)) {
        state.xattrs.emplace(kOpaqueXattr, "y");
      }
    } else {
      STRATUS_CHECK(make_in_place(parent, where, "create directory",
                                  [&] { return ::mkdirat(parent, where.name.c_str(), 0700); }));
      // It takes the place of a file or a deletion: a directory of a layer below must not show through.
      if (!merged()) state.xattrs.emplace(kOpaqueXattr, "y");
    }
  }
  return remember(path, std::move(state));
}

Result<void> LayerUnpacker::Impl::make_hard_link(int parent, const LayerPath& where) {
  STRATUS_TRY(target, parse_link_path(entry.link_target).with_context(shown(path)));
  if (target == path)
    return fail(ErrorCode::invalid, fmt::format("{} is a hard link to itself", shown(path)));
  const std::size_t slash = target.rfind('/');
  const std::string directory = slash == std::string::npos ? std::string() : target.substr(0, slash);
  const std::string name = slash == std::string::npos ? target : target.substr(slash + 1);
  // A second walk: `parent` has to stay open.
  const FileDescriptor held(::fcntl(parent, F_DUPFD_CLOEXEC, 0));
  if (!held) return failed("open the directory of", path);
  struct stat status {};
  const auto refuse = [&](std::string_view why) {
    return fail(ErrorCode::invalid,
                fmt::format("{} is a hard link to {}, which {}", shown(path), shown(target), why));
  };
  const Result<int> entered = stack.enter(directory);
  if (!entered && entered.error().code() != ErrorCode::not_found) {
    return fail(Error(entered.error()).with_context(shown(path)));
  }
  if (!entered || ::fstatat(*entered, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return refuse(merged() ? "is not there" : "is not in the same layer");
  }
  if (S_ISDIR(status.st_mode)) return refuse("is a directory");
  if (!merged() && is_whiteout(status)) return refuse("the layer deletes");
  return make_in_place(held.get(), where, "link",
                       [&] { return ::linkat(*entered, name.c_str(), held.get(), where.name.c_str(), 0); });
}

Result<void> LayerUnpacker::Impl::make_node(int parent, const LayerPath& where) {
  STRATUS_CHECK(make_in_place(parent, where, "create", [&] {
    const char* const name = where.name.c_str();
    const dev_t device = makedev(entry.device_major, entry.device_minor);
    switch (entry.type) {
      case EntryType::symlink:
        return ::symlinkat(entry.link_target.c_str(), parent, name);
      case EntryType::char_device:
        return ::mknodat(parent, name, S_IFCHR | 0600, device);
      case EntryType::block_device:
        return ::mknodat(parent, name, S_IFBLK | 0600, device);
      default:
        return ::mknodat(parent, name, S_IFIFO | 0600, 0);
    }
  }));
  return set_node_attributes(parent, where);
}

// Of what cannot be opened: links, devices, pipes. The name was made just now, in a directory of ours.
Result<void> LayerUnpacker::Impl::set_node_attributes(int parent, const LayerPath& where) {
  const char* const name = where.name.c_str();
  if (options.keep_owner && ::fchownat(parent, name, entry.uid, entry.gid, AT_SYMLINK_NOFOLLOW) != 0) {
    return failed("change the owner of", path);
  }
  if (entry.type != EntryType::symlink && ::fchmodat(parent, name, entry.mode, 0) != 0) {
    return failed("change the mode of", path);
  }
  // There is no call for attributes relative to a directory; this names the same inode, following no link.
  const std::string by_descriptor = fmt::format("/proc/self/fd/{}/{}", parent, where.name);
  for (const auto& [key, value] : entry.xattrs) {
    if (is_host_xattr(key)) continue;
    if (::lsetxattr(by_descriptor.c_str(), key.c_str(), value.data(), value.size(), 0) != 0) {
      return failed("set attribute " + shown(key) + " of", path);
    }
  }
  const struct timespec times[2] = {to_timespec(entry), to_timespec(entry)};
  if (::utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW) != 0) return failed("set the time of", path);
  return {};
}

Result<void> LayerUnpacker::Impl::entry_data(BytesView data) {
  if (!file) return {};  // bookkeeping that is left out
  if (buffer.size() + data.size() < kWriteBuffer) {
    buffer.insert(buffer.end(), data.begin(), data.end());
    return {};
  }
  STRATUS_CHECK(write_all(file.get(), buffer).with_context(shown(path)));
  buffer.clear();
  return write_all(file.get(), data).with_context(shown(path));
}

Result<void> LayerUnpacker::Impl::end_entry() { return file ? finish_file() : Result<void>(); }

Result<void> LayerUnpacker::Impl::finish_file() {
  const int fd = file.get();
  STRATUS_CHECK(write_all(fd, buffer).with_context(shown(path)));
  buffer.clear();
  // Owner first: changing it clears setuid bits and capabilities.
  if (options.keep_owner && ::fchown(fd, entry.uid, entry.gid) != 0)
    return failed("change the owner of", path);
  if (::fchmod(fd, entry.mode) != 0) return failed("change the mode of", path);
  for (const auto& [key, value] : entry.xattrs) {
    if (is_host_xattr(key)) continue;
    if (::fsetxattr(fd, key.c_str(), value.data(), value.size(), 0) != 0) {
      return failed("set attribute " + shown(key) + " of", path);
    }
  }
  const struct timespec times[2] = {to_timespec(entry), to_timespec(entry)};
  if (::futimens(fd, times) != 0) return failed("set the time of", path);
  if (inodes <= kSyncOneByOne) {
    few_files.push_back(std::move(file));
  } else {
    few_files.clear();
  }
  file = FileDescriptor();
  return {};
}

Result<void> LayerUnpacker::Impl::finish_directories() {
  // Children before parents: a directory may be closed to its own owner.
  for (auto at = directories.rbegin(); at != directories.rend(); ++at) {
    const auto& [where, state] = *at;
    const Result<int> entered = stack.enter(where);
    if (!entered && state.times_only) continue;  // a whiteout of this layer removed it after all
    if (!entered) return fail(entered.error());
    const int fd = *entered;
    if (!state.times_only) {
      if (options.keep_owner && ::fchown(fd, state.uid, state.gid) != 0)
        return failed("change the owner of", where);
      if (::fchmod(fd, state.mode) != 0) return failed("change the mode of", where);
      if (merged() && !state.made_here) {  // attributes of the layers below that this one does not repeat
        char names[65536];
        const ssize_t length = ::flistxattr(fd, names, sizeof names);
        for (ssize_t i = 0; i < length;) {
          const std::string name = names + i;
          i += static_cast<ssize_t>(name.size()) + 1;
          const bool own =
              name.starts_with("user.") || name.starts_with("trusted.") || name == "security.capability";
          if (own && !state.xattrs.contains(name)) ::fremovexattr(fd, name.c_str());
        }
      }
      for (const auto& [key, value] : state.xattrs) {
        if (is_host_xattr(key)) continue;
        if (::fsetxattr(fd, key.c_str(), value.data(), value.size(), 0) != 0) {
          return failed("set attribute " + shown(key) + " of", where);
        }
      }
    }
    const struct timespec times[2] = {state.mtime, state.mtime};
    if (::futimens(fd, times) != 0) return failed("set the time of", where);
  }
  return {};
}

Result<void> LayerUnpacker::Impl::sync() {
  if (!options.sync) return {};
  if (inodes > kSyncOneByOne || merged()) {
    if (::syncfs(stack.root()) != 0) return failed("sync", "");
    return {};
  }
  for (const FileDescriptor& one : few_files) {
    if (::fsync(one.get()) != 0) return failed("sync", "a file");
  }
  directories.try_emplace("");  // its names are to be durable, too
  for (auto at = directories.rbegin(); at != directories.rend(); ++at) {
    STRATUS_TRY(fd, stack.enter(at->first));
    if (::fsync(fd) != 0) return failed("sync", at->first);
  }
  return {};
}

LayerUnpacker::LayerUnpacker(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LayerUnpacker::~LayerUnpacker() = default;

Result<std::unique_ptr<LayerUnpacker>> LayerUnpacker::create(const std::filesystem::path& directory,
                                                             const UnpackOptions& options) {
  STRATUS_TRY(stack, DirectoryStack::open(directory));
  auto impl = std::make_unique<Impl>(std::move(stack), options);
  impl->buffer.reserve(kWriteBuffer);
  return std::unique_ptr<LayerUnpacker>(new LayerUnpacker(std::move(impl)));
}

Result<void> LayerUnpacker::feed(BytesView tar) { return impl_->parser.feed(tar); }

Result<UnpackTotals> LayerUnpacker::finish() {
  STRATUS_CHECK(impl_->parser.finish());
  STRATUS_CHECK(impl_->finish_directories());
  STRATUS_CHECK(impl_->sync());
  return UnpackTotals{impl_->guard.entries(), impl_->guard.bytes()};
}

}  // namespace stratus::oci
