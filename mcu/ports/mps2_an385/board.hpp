// The MPS2 AN385 board (Cortex-M3) as QEMU emulates it: UARTs, watchdog, reset, and its PSRAM playing NOR
// flash.
//
// The PSRAM at 0x21000000 is backed by a file on the host, so it survives QEMU being killed. The port keeps
// the rules of NOR itself: erase gives 0xFF, programming only clears bits.
#pragma once

#include "ports/common/platform.hpp"

namespace stratus::mcu::mps2 {

constexpr char kModel[] = "mps2-an385";
constexpr uint32_t kFlashBase = 0x21000000;
constexpr uint32_t kSector = 4096;
constexpr FlashLayout kLayout = {0x1000, {0x10000, 0x110000}, 0x100000};
constexpr FlashLayout kAssets = {0x8000, {0x210000, 0x310000}, 0x100000};
constexpr FlashLayout kConfiguration = {0xa000, {0xc000, 0xe000}, 0x2000};
constexpr uint32_t kProvision = 0x3000, kSeeds = 0x4000, kIdentity = 0x6000;
constexpr uint32_t kAppAddress = 0x00010000;  // images are copied here, header included
constexpr uint32_t kAppAlign = 256;           // of the vector table behind the header
constexpr uint32_t kAppLimit = 0x003f0000;
constexpr uint32_t kHandOver = 0x2003ff00;
constexpr uint32_t kTicksPerMilli = 25'000;

class BoardFlash final : public Flash {
 public:
  BoardFlash() : Flash(kSector, 4) {}
  bool read(uint32_t at, void* to, uint32_t size) override;
  bool program(uint32_t at, const void* from, uint32_t size) override;
  bool erase(uint32_t at) override;
};

// UART 1: the device's way to the server. QEMU connects it to a TCP socket of the host.
class UartStream final : public Stream {
 public:
  explicit UartStream(uint32_t timeout_ms) : timeout_ms_(timeout_ms) {}
  bool open() override;
  int32_t read(void* to, uint32_t size) override;
  bool readable() override;
  bool write(const void* from, uint32_t size) override;
  void close() override {}

 private:
  uint32_t timeout_ms_;
};

void start_clock();
uint32_t ticks();  // since start_clock(); wraps
// Unix seconds. The board has no clock of its own; the debugger's (semihosting) stands for one.
uint32_t wall_time();

// Sleeps until a frame has come or 10 ms are over. start_idle() once before.
void start_idle();
void idle();

// A fatal error line, then QEMU ends with status 1; `quit(true)` ends it with 0.
[[noreturn]] void quit(bool ok);
[[noreturn]] void reset();
[[noreturn]] void jump(uint32_t image);    // to code as this board's start.cpp puts it first
void arm_watchdog(uint32_t milliseconds);  // resets the chip unless fed
void feed_watchdog();

void put(uint8_t byte);  // on the console, UART 0

}  // namespace stratus::mcu::mps2

namespace stratus::mcu::board {
using namespace mps2;
}
