#include "ports/posix/file_flash.hpp"

#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace stratus::mcu::posix {

FileFlash::FileFlash(const std::string& path, uint32_t size, uint32_t sector_size, uint32_t program_align)
    : Flash(sector_size, program_align),
      size_(size),
      descriptor_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
  struct stat status;
  bool good = descriptor_ >= 0 && ::fstat(descriptor_, &status) == 0;
  // What a start that was cut off left is filled up.
  for (auto at = good ? static_cast<uint32_t>(status.st_size) / sector * sector : size_; good && at < size_;
       at += sector)
    good = erase(at);
  if (!good && descriptor_ >= 0) {
    ::close(descriptor_);
    descriptor_ = -1;
  }
}

FileFlash::~FileFlash() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool FileFlash::read(uint32_t at, void* to, uint32_t size) {
  return inside(at, size) && ::pread(descriptor_, to, size, at) == static_cast<ssize_t>(size);
}

bool FileFlash::program(uint32_t at, const void* from, uint32_t size) {
  std::vector<uint8_t> bytes(size);
  if (at % align != 0 || size % align != 0 || !read(at, bytes.data(), size)) return false;
  for (uint32_t i = 0; i < size; ++i) bytes[i] &= static_cast<const uint8_t*>(from)[i];
  return ::pwrite(descriptor_, bytes.data(), size, at) == static_cast<ssize_t>(size);
}

bool FileFlash::erase(uint32_t at) {
  const std::vector<uint8_t> blank(sector, 0xff);
  return at % sector == 0 && inside(at, sector) &&
         ::pwrite(descriptor_, blank.data(), sector, at) == static_cast<ssize_t>(sector);
}

}  // namespace stratus::mcu::posix
