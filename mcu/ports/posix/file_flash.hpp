// A file that plays NOR flash: it keeps the rules (programming clears bits, erasing sets a sector to 0xFF)
// and survives the process. Made, all 0xFF, where there is none.
#pragma once

#include <string>

#include "stratus/mcu/ports.hpp"

namespace stratus::mcu::posix {

class FileFlash final : public Flash {
 public:
  FileFlash(const std::string& path, uint32_t size, uint32_t sector_size = 4096, uint32_t program_align = 16);
  ~FileFlash();
  FileFlash(const FileFlash&) = delete;
  FileFlash& operator=(const FileFlash&) = delete;
  bool ok() const { return descriptor_ >= 0; }

  bool read(uint32_t at, void* to, uint32_t size) override;
  bool program(uint32_t at, const void* from, uint32_t size) override;
  bool erase(uint32_t at) override;

 private:
  bool inside(uint32_t at, uint32_t size) const { return at <= size_ && size <= size_ - at; }
  uint32_t size_;
  int descriptor_;
};

}  // namespace stratus::mcu::posix
