#include "stratus/oci/tree_scan.hpp"

#include <cerrno>
#include <map>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "stratus/crypto/sha256.hpp"
#include "stratus/oci/directory_stack.hpp"
#include "stratus/oci/layer_index.hpp"

namespace stratus::oci {
namespace {

constexpr std::size_t kScanBuffer = 256u << 10;

Error error_at(std::string_view what, const std::string& path) {
  return Error::from_errno(fmt::format("{} {}", what, shown(path)));
}

std::optional<EntryType> type_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return EntryType::file;
    case S_IFDIR:
      return EntryType::directory;
    case S_IFLNK:
      return EntryType::symlink;
    case S_IFCHR:
      return EntryType::char_device;
    case S_IFBLK:
      return EntryType::block_device;
    case S_IFIFO:
      return EntryType::fifo;
    default:
      return std::nullopt;  // a socket
  }
}

// Reads the file that is open at `fd` to its end; `give` gets every piece.
Result<std::uint64_t> read_to_end(int fd, const std::string& path, const ByteSink& give) {
  thread_local Bytes buffer(kScanBuffer);
  std::uint64_t total = 0;
  for (;;) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(error_at("read", path));
    if (count == 0) return total;
    total += static_cast<std::uint64_t>(count);
    STRATUS_CHECK(give(BytesView(buffer).first(static_cast<std::size_t>(count))));
  }
}

Result<std::map<std::string, std::string>> read_xattrs(int parent, const std::string& name,
                                                       const std::string& path) {
  std::map<std::string, std::string> out;
  const std::string by_descriptor = fmt::format("/proc/self/fd/{}/{}", parent, name);
  // Most files have none, or few; buffers for all that there may be cost more than asking.
  const ssize_t needed = ::llistxattr(by_descriptor.c_str(), nullptr, 0);
  if (needed == 0 || (needed < 0 && (errno == ENOTSUP || errno == ENOSYS))) return out;
  Bytes names(64u << 10), value(64u << 10);
  const ssize_t length =
      ::llistxattr(by_descriptor.c_str(), reinterpret_cast<char*>(names.data()), names.size());
  if (length < 0) return fail(error_at("list attributes of", path));
  std::string_view rest = as_text(BytesView(names).first(static_cast<std::size_t>(length)));
  while (!rest.empty()) {
    const std::string key(rest.substr(0, rest.find('\0')));
    rest.remove_prefix(std::min(rest.size(), key.size() + 1));
    if (is_host_xattr(key)) continue;
    const ssize_t size = ::lgetxattr(by_descriptor.c_str(), key.c_str(), value.data(), value.size());
    if (size < 0 && errno == ENODATA) continue;
    if (size < 0) return fail(error_at("read attribute " + key + " of", path));
    out.emplace(key, as_text(BytesView(value).first(static_cast<std::size_t>(size))));
  }
  return out;
}

class DirectoryContent : public ContentSource {
 public:
  explicit DirectoryContent(DirectoryStack stack) : stack_(std::move(stack)) {}

  Result<void> read(const TreeNode& node, const ByteSink& sink) const override {
    const std::string& path = node.entry.path;
    STRATUS_TRY(where, parse_layer_path(path));
    STRATUS_TRY(parent, stack_.enter(where.parent));
    const FileDescriptor fd(
        ::openat(parent, where.name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    if (!fd) return fail(error_at("open", path));
    const auto changed = [&] {
      return fail(ErrorCode::conflict,
                  fmt::format("{} changed while it was being published: try again", shown(path)));
    };
    Sha256 hash;
    std::uint64_t total = 0;
    STRATUS_CHECK(read_to_end(fd.get(), path, [&](BytesView bytes) -> Result<void> {
      total += bytes.size();
      if (total > node.entry.size) return changed();
      hash.update(bytes);
      return sink(bytes);
    }));
    if (total != node.entry.size || hash.finish() != node.content) return changed();
    return {};
  }

 private:
  mutable DirectoryStack stack_;
};

class DirectoryScanner {
 public:
  DirectoryScanner(const ScanOptions& options, Tree& tree)
      : options_(options), guard_(options.policy), tree_(tree) {}

  // All below the open directory; `path` is its own.
  Result<void> scan(int directory, const std::string& path) {
    const int copy = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (copy < 0) return fail(error_at("open", path));
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(copy), ::closedir);
    if (!entries) {
      ::close(copy);
      return fail(error_at("read directory", path));
    }
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* const entry = ::readdir(entries.get())) {
      const std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(name);
      errno = 0;
    }
    if (errno != 0) return fail(error_at("read directory", path));
    for (const std::string& name : names) {
      STRATUS_CHECK(add(directory, name, path.empty() ? name : path + "/" + name));
    }
    return {};
  }

  // One entry, and when it is a directory all below it.
  Result<void> add(int parent, const std::string& name, const std::string& path) {
    struct stat status {};
    if (::fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
      return fail(error_at("stat", path));
    const std::optional<EntryType> type = type_of(status.st_mode);
    if (!type) return {};
    TreeNode node;
    STRATUS_CHECK(read_attributes(status, *type, node.entry));
    node.entry.path = path;
    STRATUS_TRY(xattrs, read_xattrs(parent, name, path));
    node.entry.xattrs = std::move(xattrs);
    if (*type == EntryType::symlink) STRATUS_CHECK(read_link(parent, name, node.entry));
    STRATUS_TRY(where, guard_.admit(node.entry));
    if (where.mark != LayerMark::none) {
      return fail(ErrorCode::invalid,
                  fmt::format("{}: names beginning with '.wh.' mean deletions in a layer and "
                              "cannot be published",
                              shown(path)));
    }
    if (status.st_nlink > 1 && *type != EntryType::directory) {
      std::uint64_t& link = links_[{status.st_dev, status.st_ino}];
      if (link == 0) link = tree_.next_link++;
      node.link = link;
    }
    if (*type == EntryType::file) STRATUS_CHECK(read_content(parent, name, node));
    tree_.nodes.insert_or_assign(path, std::move(node));
    if (*type != EntryType::directory || name == ".") return {};
    const FileDescriptor fd(::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) return fail(error_at("open", path));
    return scan(fd.get(), path);
  }

  // A link that is the only one left of its inode inside the tree is none.
  void drop_single_links() {
    std::map<std::uint64_t, unsigned> counts;
    for (const auto& [path, node] : tree_.nodes) ++counts[node.link];
    for (auto& [path, node] : tree_.nodes) {
      if (counts[node.link] == 1) node.link = 0;
    }
  }

 private:
  Result<void> read_attributes(const struct stat& status, EntryType type, TarEntry& entry) const {
    entry.type = type;
    entry.mode = type == EntryType::symlink ? 0777 : status.st_mode & 07777;
    entry.uid = options_.owner ? options_.owner->first : status.st_uid;
    entry.gid = options_.owner ? options_.owner->second : status.st_gid;
    entry.size = type == EntryType::file ? static_cast<std::uint64_t>(status.st_size) : 0;
    entry.mtime_s = status.st_mtim.tv_sec;
    entry.mtime_ns = static_cast<std::uint32_t>(status.st_mtim.tv_nsec);
    if (type == EntryType::char_device || type == EntryType::block_device) {
      entry.device_major = ::major(status.st_rdev);
      entry.device_minor = ::minor(status.st_rdev);
    }
    return {};
  }

  static Result<void> read_link(int parent, const std::string& name, TarEntry& entry) {
    char target[4097];
    const ssize_t length = ::readlinkat(parent, name.c_str(), target, sizeof target);
    if (length < 0) return fail(error_at("read link", entry.path));
    entry.link_target.assign(target, static_cast<std::size_t>(length));
    return {};
  }

  Result<void> read_content(int parent, const std::string& name, TreeNode& node) const {
    const FileDescriptor fd(::openat(parent, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    if (!fd) return fail(error_at("open", node.entry.path));
    Sha256 hash;
    STRATUS_TRY(total, read_to_end(fd.get(), node.entry.path, [&](BytesView bytes) {
                  hash.update(bytes);
                  if (options_.on_bytes) options_.on_bytes(bytes.size());
                  return Result<void>();
                }));
    node.entry.size = total;
    node.content = hash.finish();
    return {};
  }

  const ScanOptions& options_;
  LayerGuard guard_;
  Tree& tree_;
  std::map<std::pair<dev_t, ino_t>, std::uint64_t> links_;
};

class TarContent : public ContentSource {
 public:
  explicit TarContent(FileDescriptor tar) : tar_(std::move(tar)) {}

  Result<void> read(const TreeNode& node, const ByteSink& sink) const override {
    Sha256 hash;
    Bytes buffer(kScanBuffer);
    for (std::uint64_t done = 0; done < node.entry.size;) {
      const auto count =
          static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), node.entry.size - done));
      STRATUS_CHECK(pread_exact(tar_.get(), std::span(buffer).first(count), node.offset + done));
      hash.update(BytesView(buffer).first(count));
      STRATUS_CHECK(sink(BytesView(buffer).first(count)));
      done += count;
    }
    if (hash.finish() != node.content) {
      return fail(ErrorCode::conflict,
                  fmt::format("the tar changed while it was being published ({})", shown(node.entry.path)));
    }
    return {};
  }

 private:
  FileDescriptor tar_;
};

}  // namespace

Result<ScannedTree> scan_directory(const std::filesystem::path& directory, const ScanOptions& options) {
  STRATUS_TRY(stack, DirectoryStack::open(directory));
  ScannedTree out;
  DirectoryScanner scanner(options, out.tree);
  STRATUS_CHECK(scanner.add(stack.root(), ".", "").with_context(directory.string()));
  STRATUS_CHECK(scanner.scan(stack.root(), "").with_context(directory.string()));
  scanner.drop_single_links();
  out.content = std::make_unique<DirectoryContent>(std::move(stack));
  return out;
}

Result<ScannedTree> scan_rootfs_tar(const std::filesystem::path& file, const std::filesystem::path& scratch,
                                    const ScanOptions& options) {
  STRATUS_TRY(fd, open_file(file, O_RDONLY));
  Bytes first(8);
  const ssize_t got = ::pread(fd.get(), first.data(), first.size(), 0);
  if (got < 0) return fail(Error::from_errno("read " + file.string()));
  const Compression compression = detect_compression(BytesView(first).first(static_cast<std::size_t>(got)));
  FileDescriptor tar;
  LayerScanner scanner(compression, options.policy, {});
  if (compression != Compression::none) {
    // Nameless: it vanishes with this process.
    STRATUS_TRY(copy, open_file(scratch, O_RDWR | O_TMPFILE, 0600));
    tar = std::move(copy);
    scanner.copy_tar_to([&tar](BytesView bytes) { return write_all(tar.get(), bytes); });
  }
  STRATUS_CHECK(read_to_end(fd.get(), file.string(), [&](BytesView bytes) {
                  if (options.on_bytes) options.on_bytes(bytes.size());
                  return scanner.feed(bytes);
                }).with_context(file.string()));
  STRATUS_TRY(layer, scanner.finish().with_context(file.string()));
  for (LayerItem& item : layer.items) {
    if (item.where.mark != LayerMark::none) {
      return fail(ErrorCode::invalid,
                  fmt::format("{}: {} means a deletion; this is a layer, not a root file system",
                              file.string(), shown(item.entry.path)));
    }
    if (item.where.path() == "oci-layout" || item.where.path() == "manifest.json") {
      return fail(ErrorCode::invalid,
                  fmt::format("{} is an archive of an image, not of a root file system: unpack it "
                              "and publish the directory",
                              file.string()));
    }
    if (options.owner) std::tie(item.entry.uid, item.entry.gid) = *options.owner;
  }
  ScannedTree out;
  STRATUS_CHECK(apply_layer(out.tree, layer.items).with_context(file.string()));
  out.content =
      std::make_unique<TarContent>(compression == Compression::none ? std::move(fd) : std::move(tar));
  return out;
}

}  // namespace stratus::oci
