// NOR flash that loses power at a chosen operation, in one of three ways.
#pragma once

#include <cstdint>
#include <random>

#include "host/memory_flash.hpp"

namespace stratus::mcu::sim {

enum class CutModel : std::uint8_t {
  before,  // the operation did not happen
  torn,    // a program stops inside a word, random bits of it done; an erase leaves a mixture
  after,   // it happened, but nobody was told
};

struct PowerCut {};  // thrown through the code under test: its RAM is gone

class SimFlash final : public Flash {
 public:
  SimFlash(const host::MemoryFlash& content, unsigned seed)
      : Flash(content.sector, content.align), memory(content), random_(seed) {}

  bool read(std::uint32_t at, void* to, std::uint32_t size) override { return memory.read(at, to, size); }

  bool program(std::uint32_t at, const void* from, std::uint32_t size) override {
    const bool cut = ++operations == cut_at;
    if (cut && model == CutModel::before) throw PowerCut{};
    if (cut && model == CutModel::torn) {
      const std::uint32_t words = static_cast<std::uint32_t>(random_() % (size / align));
      if (words != 0) memory.program(at, from, words * align);
      std::uint8_t word[64];
      for (std::uint32_t i = 0; i < align; ++i) {
        word[i] =
            static_cast<std::uint8_t>(static_cast<const std::uint8_t*>(from)[words * align + i] | random_());
      }
      memory.program(at + words * align, word, align);
      throw PowerCut{};
    }
    const bool ok = memory.program(at, from, size);
    if (cut) throw PowerCut{};
    return ok;
  }

  bool erase(std::uint32_t at) override {
    const bool cut = ++operations == cut_at;
    if (cut && model == CutModel::before) throw PowerCut{};
    if (cut && model == CutModel::torn) {
      for (std::uint32_t i = 0; i < sector; ++i) {
        memory.bytes[at + i] = static_cast<std::uint8_t>(memory.bytes[at + i] | (random_() & random_()));
      }
      throw PowerCut{};
    }
    const bool ok = memory.erase(at);
    if (cut) throw PowerCut{};
    return ok;
  }

  host::MemoryFlash memory;
  std::uint64_t operations = 0;  // programs and erases since the start
  std::uint64_t cut_at = 0;      // 0: never
  CutModel model = CutModel::before;

 private:
  std::minstd_rand random_;
};

}  // namespace stratus::mcu::sim
