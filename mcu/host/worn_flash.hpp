// A flash of which a part is worn out: it cannot be written, or not be read, any more.
#pragma once

#include "host/memory_flash.hpp"

namespace stratus::mcu::host {

struct WornFlash final : Flash {
  struct Part {
    std::uint32_t from = 0, to = 0;
    bool meets(std::uint32_t at, std::uint32_t size) const { return at < to && at + size > from; }
  };

  explicit WornFlash(MemoryFlash& content) : Flash(content.sector, content.align), memory(content) {}

  bool read(std::uint32_t at, void* to, std::uint32_t size) override {
    return !unreadable.meets(at, size) && memory.read(at, to, size);
  }
  bool program(std::uint32_t at, const void* from, std::uint32_t size) override {
    if (stuck.meets(at, size)) return !says_so;  // no bit has changed
    return memory.program(at, from, size);
  }
  bool erase(std::uint32_t at) override {
    ++erased;
    return memory.erase(at);
  }

  MemoryFlash& memory;
  Part stuck, unreadable;
  bool says_so = true;  // that a program failed
  unsigned erased = 0;
};

}  // namespace stratus::mcu::host
