// The vector table, the same for boot loader and application.
#include "ports/mps2_an385/board.hpp"

extern "C" {
extern uint32_t stack_top[];
[[noreturn]] void on_reset();

// Every fault, and the watchdog's warning, is a reset: the loader counts it against the image.
[[noreturn]] void on_fault() { stratus::mcu::mps2::reset(); }
}

__attribute__((section(".vectors"), used)) void (*const vectors[16])() = {
    reinterpret_cast<void (*)()>(stack_top),
    on_reset,
    on_fault,
    on_fault,
    on_fault,
    on_fault,
    on_fault,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    on_fault,
    on_fault,
    nullptr,
    on_fault,
    on_fault};

namespace stratus::mcu::mps2 {

void jump(uint32_t vector_table) {
  wr(0xe000ed08, vector_table);
  asm volatile("msr msp, %0\n bx %1" : : "r"(rd(vector_table)), "r"(rd(vector_table + 4)) : "memory");
  __builtin_unreachable();
}

}  // namespace stratus::mcu::mps2
