#include "ports/mps2_an385/board.hpp"

namespace stratus::mcu::mps2 {
namespace {

constexpr uint32_t kUart0 = 0x40004000;
constexpr uint32_t kUart1 = 0x40005000;
constexpr uint32_t kWatchdog = 0x40008000;
constexpr uint32_t kTimer0 = 0x40000000;
constexpr uint32_t kFlashSize = 16u << 20;

uint8_t* flash_bytes(uint32_t at) { return reinterpret_cast<uint8_t*>(kFlashBase + at); }
bool inside(uint32_t at, uint32_t size) { return at <= kFlashSize && size <= kFlashSize - at; }

void uart_put(uint32_t uart, uint8_t byte) {
  while ((rd(uart + 4) & 1) != 0) {
  }
  wr(uart, byte);
}

// QEMU takes one lock for every access to a device: polling without a pause would keep the other end out.
void pause() {
  for (int i = 0; i < 2000; ++i) asm volatile("nop");
}

void uart_start(uint32_t uart) {
  wr(uart + 16, 16);  // the smallest divisor: as fast as the model goes
  wr(uart + 8, 3);    // transmit and receive
}

}  // namespace

bool BoardFlash::read(uint32_t at, void* to, uint32_t size) {
  if (!inside(at, size)) return false;
  memcpy(to, flash_bytes(at), size);
  return true;
}

bool BoardFlash::program(uint32_t at, const void* from, uint32_t size) {
  if (!inside(at, size) || at % align != 0 || size % align != 0) return false;
  const auto* source = static_cast<const uint8_t*>(from);
  for (uint32_t i = 0; i < size; ++i) *flash_bytes(at + i) &= source[i];
  return true;
}

bool BoardFlash::erase(uint32_t at) {
  if (!inside(at, kSector) || at % kSector != 0) return false;
  memset(flash_bytes(at), 0xff, kSector);
  return true;
}

void put(uint8_t byte) {
  uart_start(kUart0);
  uart_put(kUart0, byte);
}

// What is left of an answer to the image before a reset is not ours: read until the line is quiet.
bool UartStream::open() {
  uart_start(kUart1);
  rd(kUart1);  // QEMU looks again whether it may deliver only after a read, not when receiving is enabled
  BoardClock clock;
  uint32_t quiet_since = clock.millis();
  while (clock.millis() - quiet_since < 30) {
    if ((rd(kUart1 + 4) & 2) == 0) {
      pause();
      continue;
    }
    rd(kUart1);
    quiet_since = clock.millis();
  }
  return true;
}

int32_t UartStream::read(void* to, uint32_t size) {
  auto* out = static_cast<uint8_t*>(to);
  uint32_t got = 0;
  BoardClock clock;
  const uint32_t start = clock.millis();
  while (got < size) {
    if ((rd(kUart1 + 4) & 2) != 0) {
      out[got++] = static_cast<uint8_t>(rd(kUart1));
    } else if (got != 0) {
      break;
    } else if (clock.millis() - start > timeout_ms_) {
      return -1;
    } else {
      pause();
    }
  }
  return static_cast<int32_t>(got);
}

bool UartStream::readable() { return (rd(kUart1 + 4) & 2) != 0; }

bool UartStream::write(const void* from, uint32_t size) {
  const auto* bytes = static_cast<const uint8_t*>(from);
  for (uint32_t i = 0; i < size; ++i) uart_put(kUart1, bytes[i]);
  return true;
}

// CMSDK timer 0 counts down from 2^32 - 1 at the clock.
void start_clock() {
  wr(kTimer0 + 8, 0xffffffffu);  // reload
  wr(kTimer0 + 4, 0xffffffffu);  // value
  wr(kTimer0, 1);
}

uint32_t ticks() { return 0xffffffffu - rd(kTimer0 + 4); }

uint32_t wall_time() {
  register uint32_t operation asm("r0") = 0x11;  // semihosting SYS_TIME
  register uint32_t argument asm("r1") = 0;
  asm volatile("bkpt 0xab" : "+r"(operation) : "r"(argument) : "memory");
  return operation;
}

// Interrupts stay masked and have no handlers: one that is pending only ends the sleep.
void start_idle() {
  asm volatile("cpsid i");
  wr(0xe000e014, 10 * kTicksPerMilli - 1);  // SysTick each 10 ms
  wr(0xe000e018, 0);
  wr(0xe000e010, 7);
  wr(0xe000e100, 1u << 13);      // the Ethernet controller's line
  wr(0x40200000 + 0x54, 0x111);  // enabled, active high, push-pull
  wr(0x40200000 + 0x5c, 8);      // a frame has come
}

void idle() {
  wr(0xe000ed04, 1u << 25);  // SysTick is not pending any more
  wr(0xe000e280, 1u << 13);
  wr(0x40200000 + 0x58, 0xffffffffu);
  if ((rd(0x40200000 + 0x7c) >> 16 & 0xff) == 0) asm volatile("wfi" ::: "memory");
}

void arm_watchdog(uint32_t milliseconds) {
  wr(kWatchdog + 0xc00, 0x1acce551);
  wr(kWatchdog, milliseconds * kTicksPerMilli);
  wr(kWatchdog + 8, 3);  // interrupt, then reset
}

void feed_watchdog() {
  wr(kWatchdog + 0xc00, 0x1acce551);
  wr(kWatchdog + 0xc, 1);
}

void reset() {
  wr(0xe000ed0c, 0x05fa0004);
  for (;;) asm volatile("");  // an empty loop may be removed, and the next function would run
}

void quit(bool ok) {
  register uint32_t operation asm("r0") = 0x18;  // semihosting SYS_EXIT
  register uint32_t reason asm("r1") = ok ? 0x20026 : 0x20023;
  asm volatile("bkpt 0xab" : : "r"(operation), "r"(reason) : "memory");
  for (;;) asm volatile("");  // an empty loop may be removed, and the next function would run
}

}  // namespace stratus::mcu::mps2
