#include "stratus/base/file.hpp"

#include <atomic>
#include <cerrno>
#include <climits>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace stratus {

namespace fs = std::filesystem;

void FileDescriptor::reset() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Result<FileDescriptor> open_file(const fs::path& path, int flags, unsigned mode) {
  int fd = -1;
  do fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  while (fd < 0 && errno == EINTR);
  if (fd < 0) return fail(Error::from_errno("open " + path.string()));
  return FileDescriptor(fd);
}

Result<void> write_all(int fd, BytesView data) {
  while (!data.empty()) {
    const ssize_t count = ::write(fd, data.data(), data.size());
    if (count < 0) {
      if (errno == EINTR) continue;
      return fail(Error::from_errno("write"));
    }
    data = data.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> pwrite_all(int fd, BytesView data, std::uint64_t offset) {
  while (!data.empty()) {
    const ssize_t count = ::pwrite(fd, data.data(), data.size(), static_cast<off_t>(offset));
    if (count < 0) {
      if (errno == EINTR) continue;
      return fail(Error::from_errno("write"));
    }
    data = data.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

Result<void> pread_exact(int fd, std::span<std::uint8_t> into, std::uint64_t offset) {
  while (!into.empty()) {
    const ssize_t count = ::pread(fd, into.data(), into.size(), static_cast<off_t>(offset));
    if (count < 0) {
      if (errno == EINTR) continue;
      return fail(Error::from_errno("read"));
    }
    if (count == 0) return fail(ErrorCode::corrupt, fmt::format("file ends at byte {}", offset));
    into = into.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

Result<std::uint64_t> file_size(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return fail(Error::from_errno("fstat"));
  return static_cast<std::uint64_t>(status.st_size);
}

Result<std::string> read_file(const fs::path& path, std::uint64_t limit) {
  STRATUS_TRY(fd, open_file(path, O_RDONLY));
  std::string out;
  char buffer[16384];
  for (;;) {
    const ssize_t count = ::read(fd.get(), buffer, sizeof buffer);
    if (count < 0) {
      if (errno == EINTR) continue;
      return fail(Error::from_errno("read " + path.string()));
    }
    if (count == 0) return out;
    out.append(buffer, static_cast<std::size_t>(count));
    if (out.size() > limit) {
      return fail(ErrorCode::no_space, fmt::format("{} is longer than {} bytes", path.string(), limit));
    }
  }
}

Result<void> sync_directory(const fs::path& directory) {
  STRATUS_TRY(fd, open_file(directory, O_RDONLY | O_DIRECTORY));
  if (::fsync(fd.get()) != 0) return fail(Error::from_errno("fsync " + directory.string()));
  return {};
}

Result<void> write_file_atomically(const fs::path& path, std::string_view data, unsigned mode) {
  static std::atomic<unsigned> counter{0};
  const fs::path parent = path.has_parent_path() ? path.parent_path() : fs::path(".");
  const fs::path temporary =
      parent / fmt::format(".{}.{}.{}.tmp", path.filename().string(), ::getpid(), counter++);
  const auto write = [&]() -> Result<void> {
    STRATUS_TRY(fd, open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC, mode));
    STRATUS_CHECK(write_all(fd.get(), as_bytes(data)).with_context(path.string()));
    if (::fsync(fd.get()) != 0) return fail(Error::from_errno("fsync " + path.string()));
    if (::rename(temporary.c_str(), path.c_str()) != 0)
      return fail(Error::from_errno("rename to " + path.string()));
    return sync_directory(parent);
  };
  Result<void> written = write();
  if (!written) ::unlink(temporary.c_str());
  return written;
}

Result<void> make_directories(const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) return fail(Error::from_errno("create directory " + directory.string(), error.value()));
  return {};
}

Result<void> remove_tree(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) return fail(Error::from_errno("remove " + path.string(), error.value()));
  return {};
}

Result<DiskSpace> disk_space(const fs::path& path) {
  struct statvfs status {};
  if (::statvfs(path.c_str(), &status) != 0) return fail(Error::from_errno("statvfs " + path.string()));
  return DiskSpace{static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize, status.f_favail};
}

Result<MappedFile> MappedFile::open(const fs::path& path) {
  STRATUS_TRY(fd, open_file(path, O_RDONLY));
  return map(fd.get()).with_context(path.string());
}

Result<MappedFile> MappedFile::map(int fd) {
  STRATUS_TRY(size, file_size(fd));
  MappedFile mapped;
  if (size == 0) return mapped;
  void* const data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (data == MAP_FAILED) return fail(Error::from_errno("mmap"));
  mapped.data_ = static_cast<const std::uint8_t*>(data);
  mapped.size_ = size;
  return mapped;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::uint8_t*>(data_), size_);
}

}  // namespace stratus
