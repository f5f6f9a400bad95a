// First instructions, the same for boot loader and application.
#include "ports/riscv_virt/board.hpp"

extern "C" {
[[noreturn]] void on_reset();

[[noreturn]] void on_start() {
  stratus::mcu::riscv_virt::forget_watchdog();
  on_reset();
}

// Every fault, and the watchdog's time, is a reset: the loader counts it against the image.
[[noreturn]] __attribute__((aligned(4))) void on_fault() { stratus::mcu::riscv_virt::reset(); }
}

// Interrupts stay as they were: the loader's watchdog goes on.
asm(R"(
  .section .vectors, "ax"
  la sp, stack_top
  la t0, on_fault
  csrw mtvec, t0
  tail on_start
)");

namespace stratus::mcu::riscv_virt {

void jump(uint32_t image) {
  asm volatile("fence.i\n jr %0" : : "r"(image) : "memory");
  __builtin_unreachable();
}

}  // namespace stratus::mcu::riscv_virt
