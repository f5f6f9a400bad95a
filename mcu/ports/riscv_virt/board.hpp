// QEMU's RISC-V machine "virt" with one RV32IMC core: UART, two banks of NOR flash, timer, clock, reset.
//
// The loader runs from bank 0, where the core starts. Bank 1 is the device's flash, a file of the host: real
// NOR with the commands of Intel's chips, 256 KiB erased at once.
#pragma once

#include "ports/common/platform.hpp"

namespace stratus::mcu::riscv_virt {

constexpr char kModel[] = "riscv-virt";
constexpr uint32_t kSector = 256u << 10;
constexpr FlashLayout kLayout = {0x40000, {0x200000, 0x300000}, 0x100000};
constexpr FlashLayout kAssets = {0x400000, {0x500000, 0x600000}, 0x100000};
constexpr FlashLayout kConfiguration = {0x480000, {0x700000, 0x740000}, 0x40000};
constexpr uint32_t kProvision = 0, kSeeds = 0xc0000, kIdentity = 0x140000;
constexpr uint32_t kAppAddress = 0x80100000;  // images are copied here, header included
constexpr uint32_t kAppAlign = 4;
constexpr uint32_t kAppLimit = 0x80400000;
constexpr uint32_t kHandOver = 0x8003ff00;
constexpr uint32_t kTicksPerMilli = 10'000;

class BoardFlash final : public Flash {
 public:
  BoardFlash() : Flash(kSector, 4) {}
  bool read(uint32_t at, void* to, uint32_t size) override;
  bool program(uint32_t at, const void* from, uint32_t size) override;
  bool erase(uint32_t at) override;
};

inline void start_clock() {}  // it runs
uint32_t ticks();             // wraps
uint32_t wall_time();         // Unix seconds, of the machine's real-time clock

// Sleeps until a frame has come or 10 ms are over. start_idle() once before.
void start_idle();
void idle();

// QEMU ends with status 0 or 1.
[[noreturn]] void quit(bool ok);
[[noreturn]] void reset();
[[noreturn]] void jump(uint32_t image);  // to code as this board's start.cpp puts it first
// The machine has no watchdog: the timer's interrupt, whose handler resets, stands for one. It does not help
// against code that masks interrupts; a chip's own would.
void arm_watchdog(uint32_t milliseconds);
void feed_watchdog();
void forget_watchdog();  // one that an earlier life armed; does nothing to one that is armed now

void put(uint8_t byte);  // on the console

uint32_t network_device();  // registers of the virtio network device; 0: there is none

}  // namespace stratus::mcu::riscv_virt

namespace stratus::mcu::board {
using namespace riscv_virt;
}
