// Files as the crash-only programs need them: owned descriptors, whole-file reads with a bound, atomic
// durable replacement, and read-only maps. All functions block; call them from a worker, not the event loop,
// when the file may be large.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include "stratus/base/bytes.hpp"
#include "stratus/base/result.hpp"

namespace stratus {

// An owned file descriptor; closed on destruction. Move-only.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset();

 private:
  int fd_ = -1;
};

// O_CLOEXEC is always added.
Result<FileDescriptor> open_file(const std::filesystem::path& path, int flags, unsigned mode = 0644);

// All of `data`, retrying short writes and EINTR.
Result<void> write_all(int fd, BytesView data);
Result<void> pwrite_all(int fd, BytesView data, std::uint64_t offset);
// Exactly `into.size()` bytes, or `corrupt` when the file ends before.
Result<void> pread_exact(int fd, std::span<std::uint8_t> into, std::uint64_t offset);

Result<std::uint64_t> file_size(int fd);

// The whole file, `no_space` when it is longer than `limit` bytes.
Result<std::string> read_file(const std::filesystem::path& path, std::uint64_t limit);

// Writes a temporary file beside `path`, syncs it, renames it over `path` and syncs the directory: after a
// crash at any instant `path` holds the old bytes or the new, and once this returns, the new.
Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view data,
                                   unsigned mode = 0644);

Result<void> sync_directory(const std::filesystem::path& directory);
Result<void> make_directories(const std::filesystem::path& directory);  // mkdir -p
// Removes the tree if it is there; idempotent.
Result<void> remove_tree(const std::filesystem::path& path);

struct DiskSpace {
  std::uint64_t free_bytes;  // for an ordinary user
  std::uint64_t free_inodes;
};
Result<DiskSpace> disk_space(const std::filesystem::path& path);

// A read-only map of a whole regular file. The file must not be truncated while mapped.
class MappedFile {
 public:
  static Result<MappedFile> open(const std::filesystem::path& path);
  static Result<MappedFile> map(int fd);

  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~MappedFile();

  BytesView bytes() const { return {data_, size_}; }

 private:
  const std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace stratus
