// QEMU's Xtensa machine "sim" with the core of the ESP8266 (lx106): nothing but memory and a debugger's
// calls. It runs the library's core (common/core_main.cpp) to show that this instruction set and its compiler
// agree with it.
#pragma once

#include "ports/common/platform.hpp"

namespace stratus::mcu::xtensa_sim {

constexpr uint32_t kSector = 4096;
constexpr uint32_t kFlashSize = 12 * kSector;
constexpr FlashLayout kLayout = {0, {2 * kSector, 6 * kSector}, 4 * kSector};
constexpr uint32_t kTicksPerMilli = 1;

// Memory that keeps the rules of NOR.
class BoardFlash final : public Flash {
 public:
  BoardFlash() : Flash(kSector, 4) {}
  bool read(uint32_t at, void* to, uint32_t size) override;
  bool program(uint32_t at, const void* from, uint32_t size) override;
  bool erase(uint32_t at) override;
};

inline uint32_t ticks() { return 0; }
inline uint32_t wall_time() { return 0; }
void put(uint8_t byte);
[[noreturn]] void quit(bool ok);
[[noreturn]] inline void reset() { quit(false); }

}  // namespace stratus::mcu::xtensa_sim

namespace stratus::mcu::board {
using namespace xtensa_sim;
}
