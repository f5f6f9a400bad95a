#include "stratus/store/file_blob_store.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stratus/crypto/sha256.hpp"

namespace stratus::store {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kTemporaryPrefix = ".tmp-";
constexpr auto kTouchInterval = std::chrono::minutes(1);

WallTime time_of(const struct stat& status) {
  return WallTime(Millis(status.st_mtim.tv_sec * 1000 + status.st_mtim.tv_nsec / 1'000'000));
}

bool is_key(std::string_view key) {
  return !key.empty() && key.size() <= 128 && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

// Names in a directory, without "." and "..".
Result<std::vector<std::string>> names_in(const fs::path& directory) {
  DIR* const open = ::opendir(directory.c_str());
  if (open == nullptr) return fail(Error::from_errno("open directory " + directory.string()));
  std::vector<std::string> names;
  while (const dirent* const entry = ::readdir(open)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  ::closedir(open);
  return names;
}

// Whether nobody holds the file; then it was left by a crash.
bool is_orphan(const fs::path& path) {
  const auto fd = open_file(path, O_RDWR);
  return fd && ::flock(fd->get(), LOCK_EX | LOCK_NB) == 0;
}

// Readers hold a shared lock for as long as they have a blob open. Where there are no locks, nobody is seen.
bool is_being_read(const fs::path& path) {
  const auto fd = open_file(path, O_RDWR);
  return fd && ::flock(fd->get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

Result<void> sync_file(int fd) {
  if (::fdatasync(fd) != 0) return fail(Error::from_errno("fdatasync"));
  return {};
}

}  // namespace

// Both kinds of writer: an anonymous one removes its file when it goes, a partial one leaves it.
class FileBlobWriter final : public PartialBlob {
 public:
  FileBlobWriter(FileBlobStore& store, fs::path path, FileDescriptor fd, bool keep)
      : store_(store), path_(std::move(path)), fd_(std::move(fd)), keep_(keep) {}
  ~FileBlobWriter() override {
    if (!keep_ && !path_.empty()) ::unlink(path_.c_str());
  }

  Result<void> rebuild() {
    STRATUS_TRY(length, file_size(fd_.get()));
    Bytes buffer(std::min<std::uint64_t>(length, 1u << 20));
    while (size_ < length) {
      const std::span piece(buffer.data(), std::min<std::uint64_t>(buffer.size(), length - size_));
      STRATUS_CHECK(pread_exact(fd_.get(), piece, size_));
      hash_.update(piece);
      size_ += piece.size();
    }
    return {};
  }

  Result<void> write(BytesView data) override {
    if (path_.empty()) return fail(ErrorCode::conflict, "write to a blob that was committed or discarded");
    // At an explicit offset: a write that failed halfway (full disk) is repeated over its own bytes.
    STRATUS_CHECK(pwrite_all(fd_.get(), data, size_).with_context("write " + path_.string()));
    hash_.update(data);
    size_ += data.size();
    return {};
  }

  std::uint64_t size() const override { return size_; }
  Digest digest() const override { return hash_.peek(); }
  int fd() const override { return fd_.get(); }
  Result<void> sync() override { return sync_file(fd_.get()); }

  Result<BlobInfo> commit(const Digest& expected) override {
    if (path_.empty()) return fail(ErrorCode::conflict, "commit of a blob that was committed or discarded");
    if (const Digest digest = hash_.peek(); digest != expected) {
      return fail(ErrorCode::corrupt, fmt::format("the {} bytes written have digest {}, not {}", size_,
                                                  digest.text(), expected.text()));
    }
    // A failed write may have left bytes beyond those that count.
    if (::ftruncate(fd_.get(), static_cast<off_t>(size_)) != 0) {
      return fail(Error::from_errno("truncate " + path_.string()));
    }
    STRATUS_CHECK(sync_file(fd_.get()));
    STRATUS_TRY(info, store_.publish(path_, expected, size_));
    path_.clear();
    return info;
  }

  Result<void> discard() override {
    if (!path_.empty() && ::unlink(path_.c_str()) != 0 && errno != ENOENT) {
      return fail(Error::from_errno("remove " + path_.string()));
    }
    path_.clear();
    return {};
  }

 private:
  FileBlobStore& store_;
  fs::path path_;
  FileDescriptor fd_;
  bool keep_;
  Sha256 hash_;
  std::uint64_t size_ = 0;
};

class FileSweep final : public Sweep {
 public:
  explicit FileSweep(const FileBlobStore& store) : store_(store) {}
  ~FileSweep() override {
    const std::lock_guard lock(store_.names_);
    store_.sweeping_ = false;
    store_.used_.clear();
  }

  bool used_since_start(const Digest& digest) const override {
    const std::lock_guard lock(store_.names_);
    return is_used(digest);
  }

  Result<bool> remove_if_unused(const Digest& digest, WallTime cutoff) override {
    const std::lock_guard lock(store_.names_);
    if (is_used(digest)) return false;
    const fs::path path = store_.path_of(digest);
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
      if (errno == ENOENT) return false;
      return fail(Error::from_errno("stat " + path.string()));
    }
    if (time_of(status) >= cutoff) return false;
    if (::unlink(path.c_str()) != 0) return fail(Error::from_errno("remove " + path.string()));
    auto& store = const_cast<FileBlobStore&>(store_);
    store.total_bytes_ -= static_cast<std::uint64_t>(status.st_size);
    --store.count_;
    return true;
  }

 private:
  // Under names_. What is being read counts as used in the whole pass, though the transfer may end meanwhile,
  // and from then on for its grace time: a device that is cut off comes back for the rest.
  bool is_used(const Digest& digest) const {
    if (store_.used_.contains(digest)) return true;
    const fs::path path = store_.path_of(digest);
    if (!is_being_read(path)) return false;
    ::utimensat(AT_FDCWD, path.c_str(), nullptr, 0);
    store_.used_.insert(digest);
    return true;
  }

  const FileBlobStore& store_;
};

Result<std::unique_ptr<FileBlobStore>> FileBlobStore::open(const fs::path& root) {
  std::unique_ptr<FileBlobStore> store(new FileBlobStore(root));
  STRATUS_CHECK(store->prepare().with_context("open store " + root.string()));
  return store;
}

FileBlobStore::~FileBlobStore() = default;

fs::path FileBlobStore::path_of(const Digest& digest) const {
  const std::string hex = digest.hex();
  return root_ / "blobs" / "sha256" / hex.substr(0, 2) / hex;
}

Result<void> FileBlobStore::prepare() {
  const fs::path blobs = root_ / "blobs" / "sha256";
  STRATUS_CHECK(make_directories(blobs));
  STRATUS_CHECK(make_directories(uploads()));
  for (unsigned first = 0; first < 256; ++first) {
    const fs::path directory = blobs / fmt::format("{:02x}", first);
    if (::mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST) {
      return fail(Error::from_errno("create directory " + directory.string()));
    }
  }
  for (const fs::path& directory : {blobs, root_ / "blobs", root_}) STRATUS_CHECK(sync_directory(directory));

  STRATUS_TRY(names, names_in(uploads()));
  for (const std::string& name : names) {
    if (name.starts_with(kTemporaryPrefix) && is_orphan(uploads() / name))
      ::unlink((uploads() / name).c_str());
  }
  return for_each([this](const BlobInfo& info) {
    total_bytes_ += info.size;
    ++count_;
  });
}

Result<BlobInfo> FileBlobStore::stat(const Digest& digest) const {
  struct stat status {};
  if (::stat(path_of(digest).c_str(), &status) != 0) {
    if (errno == ENOENT) return fail(ErrorCode::not_found, "no blob " + digest.text());
    return fail(Error::from_errno("stat blob " + digest.text()));
  }
  return BlobInfo{digest, static_cast<std::uint64_t>(status.st_size), time_of(status)};
}

Result<BlobReader> FileBlobStore::open(const Digest& digest) const {
  auto fd = open_file(path_of(digest), O_RDONLY);
  if (!fd && fd.error().code() == ErrorCode::not_found) {
    return fail(ErrorCode::not_found, "no blob " + digest.text());
  }
  if (!fd) return forward_error(std::move(fd));
  // A writer that has just committed, or a sweep that is about to remove it, may hold the other lock: the
  // file can be read all the same, and what was committed now is in its grace time.
  (void)::flock(fd->get(), LOCK_SH | LOCK_NB);
  STRATUS_TRY(size, file_size(fd->get()).with_context("blob " + digest.text()));
  BlobReader reader{std::move(*fd), size};
  if (is_touch_due(reader)) (void)touch(digest);
  return reader;
}

// Not at every read: a device that resumes by Range keeps the blob alive, a busy one costs no writes.
bool FileBlobStore::is_touch_due(const BlobReader& reader) {
  struct stat status {};
  return ::fstat(reader.fd.get(), &status) == 0 && system_clock().wall() - time_of(status) > kTouchInterval;
}

Result<std::unique_ptr<BlobWriter>> FileBlobStore::create() {
  const fs::path path = uploads() / fmt::format("{}{}-{}", kTemporaryPrefix, ::getpid(), next_temporary_++);
  STRATUS_TRY(fd, open_file(path, O_RDWR | O_CREAT | O_EXCL, 0644));
  // Another process that opens the store right now may take the file for an orphan in the instant before the
  // lock; the commit then fails by rename, which its caller sees as an ordinary error.
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) return fail(Error::from_errno("lock " + path.string()));
  return std::make_unique<FileBlobWriter>(*this, path, std::move(fd), false);
}

Result<std::string> FileBlobStore::read(const Digest& digest, std::uint64_t limit) const {
  STRATUS_TRY(reader, open(digest));
  if (reader.size > limit) {
    return fail(ErrorCode::no_space, fmt::format("blob {} has {} bytes, more than the {} allowed here",
                                                 digest.text(), reader.size, limit));
  }
  std::string text(reader.size, '\0');
  STRATUS_CHECK(
      pread_exact(reader.fd.get(), std::span(reinterpret_cast<std::uint8_t*>(text.data()), text.size()), 0));
  return text;
}

Result<BlobInfo> FileBlobStore::put(BytesView data) {
  const Digest digest = sha256(data);
  // A blob that is there is durable once its directory is; whoever wrote it may still be about to sync it.
  if (auto present = touch(digest); present) {
    STRATUS_CHECK(sync_directory(path_of(digest).parent_path()));
    return present;
  }
  STRATUS_TRY(writer, create());
  STRATUS_CHECK(writer->write(data));
  return writer->commit(digest);
}

Result<BlobInfo> FileBlobStore::touch(const Digest& digest) const {
  const std::lock_guard lock(names_);
  STRATUS_TRY(info, stat(digest));
  if (sweeping_) used_.insert(digest);
  ::utimensat(AT_FDCWD, path_of(digest).c_str(), nullptr, 0);  // a read-only file system needs no grace
  return info;
}

Result<BlobInfo> FileBlobStore::publish(const fs::path& from, const Digest& digest, std::uint64_t size) {
  const fs::path to = path_of(digest);
  {
    const std::lock_guard lock(names_);
    const bool existed = ::access(to.c_str(), F_OK) == 0;
    // The blob counts as used from now on, not from when its first byte came.
    ::utimensat(AT_FDCWD, from.c_str(), nullptr, 0);
    if (::rename(from.c_str(), to.c_str()) != 0) return fail(Error::from_errno("rename to " + to.string()));
    if (sweeping_) used_.insert(digest);
    if (!existed) {
      total_bytes_ += size;
      ++count_;
    }
  }
  STRATUS_CHECK(sync_directory(to.parent_path()));
  return BlobInfo{digest, size, system_clock().wall()};
}

Result<void> FileBlobStore::remove(const Digest& digest) {
  const std::lock_guard lock(names_);
  const auto info = stat(digest);
  if (!info) return {};
  if (::unlink(path_of(digest).c_str()) != 0) {
    if (errno == ENOENT) return {};
    return fail(Error::from_errno("remove blob " + digest.text()));
  }
  total_bytes_ -= info->size;
  --count_;
  return {};
}

Result<void> FileBlobStore::for_each(const std::function<void(const BlobInfo&)>& visit) const {
  for (unsigned first = 0; first < 256; ++first) {
    STRATUS_TRY(names, names_in(root_ / "blobs" / "sha256" / fmt::format("{:02x}", first)));
    for (const std::string& name : names) {
      const auto digest = Digest::parse("sha256:" + name);
      if (!digest) continue;
      // Removed since the listing: not there is not an error.
      if (const auto info = stat(*digest)) visit(*info);
    }
  }
  return {};
}

Result<std::unique_ptr<PartialBlob>> FileBlobStore::open_partial(std::string_view key, PartialMode mode) {
  if (!is_key(key)) return fail(ErrorCode::invalid, "not a key of a partial blob");
  const fs::path path = uploads() / std::string(key);
  const int flags = mode == PartialMode::create             ? O_CREAT | O_EXCL
                    : mode == PartialMode::create_or_resume ? O_CREAT
                                                            : 0;
  auto fd = open_file(path, O_RDWR | flags, 0644);
  if (!fd && fd.error().code() == ErrorCode::not_found) {
    return fail(ErrorCode::not_found, fmt::format("no partial blob {}", key));
  }
  if (!fd) return forward_error(std::move(fd));
  if (::flock(fd->get(), LOCK_EX | LOCK_NB) != 0) {
    return fail(ErrorCode::conflict, fmt::format("partial blob {} is being written", key));
  }
  // Committed or discarded between open and lock: the name is gone or means another file.
  struct stat held {
  }, named{};
  if (::fstat(fd->get(), &held) != 0 || ::stat(path.c_str(), &named) != 0 || held.st_ino != named.st_ino) {
    return fail(ErrorCode::conflict, fmt::format("partial blob {} was just finished", key));
  }
  auto writer = std::make_unique<FileBlobWriter>(*this, path, std::move(*fd), true);
  STRATUS_CHECK(writer->rebuild().with_context("resume " + path.string()));
  return writer;
}

Result<PartialInfo> FileBlobStore::stat_partial(std::string_view key) const {
  if (!is_key(key)) return fail(ErrorCode::invalid, "not a key of a partial blob");
  struct stat status {};
  if (::stat((uploads() / std::string(key)).c_str(), &status) != 0) {
    return fail(ErrorCode::not_found, fmt::format("no partial blob {}", key));
  }
  return PartialInfo{std::string(key), static_cast<std::uint64_t>(status.st_size), time_of(status)};
}

Result<void> FileBlobStore::discard_partial(std::string_view key) {
  auto partial = open_partial(key, PartialMode::resume);
  if (!partial && partial.error().code() == ErrorCode::not_found) return {};
  if (!partial) return forward_error(std::move(partial));
  return (*partial)->discard();
}

Result<void> FileBlobStore::for_each_partial(const std::function<void(const PartialInfo&)>& visit) const {
  STRATUS_TRY(names, names_in(uploads()));
  for (const std::string& name : names) {
    if (const auto info = stat_partial(name)) visit(*info);
  }
  return {};
}

Result<std::unique_ptr<Sweep>> FileBlobStore::begin_sweep() {
  const std::lock_guard lock(names_);
  if (sweeping_) return fail(ErrorCode::conflict, "garbage is being collected already");
  sweeping_ = true;
  return std::make_unique<FileSweep>(*this);
}

}  // namespace stratus::store
