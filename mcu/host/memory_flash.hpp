// A flash in memory that keeps the rules of real NOR: programming clears bits, setting one needs an erase.
#pragma once

#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "stratus/mcu/ports.hpp"

namespace stratus::mcu::host {

class MemoryFlash final : public Flash {
 public:
  MemoryFlash(std::uint32_t size, std::uint32_t sector_size, std::uint32_t program_align)
      : Flash(sector_size, program_align), bytes(size, 0xff) {}
  explicit MemoryFlash(std::vector<std::uint8_t> content) : Flash(4096, 4), bytes(std::move(content)) {}

  bool read(std::uint32_t at, void* to, std::uint32_t size) override {
    if (at > bytes.size() || size > bytes.size() - at) return false;
    std::memcpy(to, bytes.data() + at, size);
    return true;
  }
  bool program(std::uint32_t at, const void* from, std::uint32_t size) override {
    if (at % align != 0 || size % align != 0 || at > bytes.size() || size > bytes.size() - at) return false;
    const auto* data = static_cast<const std::uint8_t*>(from);
    unsigned wrong = 0;
    for (std::uint32_t i = 0; i < size; ++i) {
      wrong |= data[i] & ~static_cast<unsigned>(bytes[at + i]);
      bytes[at + i] &= data[i];
    }
    if (wrong != 0) ++bits_set;
    return true;
  }
  bool erase(std::uint32_t at) override {
    if (at % sector != 0 || at >= bytes.size()) return false;
    std::memset(bytes.data() + at, 0xff, sector);
    return true;
  }

  std::vector<std::uint8_t> bytes;
  unsigned bits_set = 0;  // programs that asked for a 1 over a 0
};

}  // namespace stratus::mcu::host
