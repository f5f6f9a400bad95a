#include "ports/riscv_virt/board.hpp"

#include "ports/riscv_virt/virtio.hpp"

namespace stratus::mcu::riscv_virt {
namespace {

constexpr uint32_t kExit = 0x00100000, kRealTime = 0x00101000, kUart = 0x10000000;
constexpr uint32_t kTimeCompare = 0x02004000, kTime = 0x0200bff8;
constexpr uint32_t kInterrupts = 0x0c000000, kClaim = kInterrupts + 0x200004;
constexpr uint32_t kNetworks = 0x10001000, kNetworkStep = 0x1000, kNetworkCount = 8;
constexpr uint32_t kTimerLine = 1u << 7, kDeviceLine = 1u << 11;  // of mie
constexpr uint32_t kWatchdogTicks = kHandOver + sizeof(HandOver);
constexpr uint64_t kNever = ~uint64_t{0};

uint64_t read64(uint32_t at) {
  for (;;) {
    const uint32_t high = rd(at + 4), low = rd(at);
    if (rd(at + 4) == high) return uint64_t{high} << 32 | low;
  }
}

void wake_at(uint64_t time) {
  wr(kTimeCompare + 4, 0xffffffff);  // never in between
  wr(kTimeCompare, static_cast<uint32_t>(time));
  wr(kTimeCompare + 4, static_cast<uint32_t>(time >> 32));
}

// Interrupts are allowed only while the watchdog is armed.
bool is_armed() {
  uint32_t status;
  asm volatile("csrr %0, mstatus" : "=r"(status));
  return (status & 8) != 0;
}

}  // namespace

void put(uint8_t byte) {
  const auto at = [](uint32_t offset) { return reinterpret_cast<volatile uint8_t*>(kUart + offset); };
  while ((*at(5) & 0x20) == 0) {
  }
  *at(0) = byte;
}

uint32_t ticks() { return rd(kTime); }

uint32_t wall_time() {
  uint64_t left = rd(kRealTime);  // holds the high word still
  left |= uint64_t{rd(kRealTime + 4)} << 32;
  // Nanoseconds to seconds, by hand: no library divides or shifts 64 bits here.
  uint32_t seconds = 0;
  uint64_t unit = uint64_t{1'000'000'000} << 31;
  for (uint32_t bit = 1u << 31; bit != 0; bit >>= 1, unit >>= 1) {
    if (left < unit) continue;
    left -= unit;
    seconds |= bit;
  }
  return seconds;
}

uint32_t network_device() {
  for (uint32_t i = 0; i < kNetworkCount; ++i) {
    const uint32_t base = kNetworks + i * kNetworkStep;
    if (rd(base + virtio::kMagic) == virtio::kMagicValue && rd(base + virtio::kDevice) == virtio::kNetwork)
      return base;
  }
  return 0;
}

void start_idle() {
  for (uint32_t line = 1; line <= kNetworkCount; ++line) wr(kInterrupts + 4 * line, 1);
  wr(kInterrupts + 0x2000, ((1u << kNetworkCount) - 1) << 1);
  wr(kInterrupts + 0x200000, 0);
}

// The core wakes for an interrupt that is masked, too: no handler runs but the watchdog's.
void idle() {
  static const uint32_t network = network_device();
  const bool armed = is_armed();
  asm volatile("csrci mstatus, 8");
  const uint64_t deadline = read64(kTimeCompare), tick = read64(kTime) + 10 * kTicksPerMilli;
  if (tick < deadline) wake_at(tick);
  asm volatile("csrw mie, %0\n wfi\n csrw mie, %1"
               :
               : "r"(kTimerLine | kDeviceLine), "r"(kTimerLine)
               : "memory");
  if (const uint32_t line = rd(kClaim); line != 0) {
    wr(network + virtio::kInterruptAck, rd(network + virtio::kInterruptStatus));
    wr(kClaim, line);
  }
  wake_at(deadline);
  if (armed) asm volatile("csrsi mstatus, 8");
}

void arm_watchdog(uint32_t milliseconds) {
  wr(kWatchdogTicks, milliseconds * kTicksPerMilli);
  wake_at(read64(kTime) + rd(kWatchdogTicks));
  asm volatile("csrw mie, %0\n csrsi mstatus, 8" : : "r"(kTimerLine));
}

void feed_watchdog() {
  if (is_armed()) wake_at(read64(kTime) + rd(kWatchdogTicks));
}

void forget_watchdog() {
  if (!is_armed()) wake_at(kNever);
}

void reset() {
  wr(kExit, 0x7777);
  for (;;) asm volatile("");  // an empty loop may be removed, and the next function would run
}

void quit(bool ok) {
  wr(kExit, ok ? 0x5555 : 0x13333);
  for (;;) asm volatile("");
}

}  // namespace stratus::mcu::riscv_virt
