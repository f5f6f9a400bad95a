// Vector table and first instructions, the same for boot loader and application.
#include "ports/mps2_an385/board.hpp"

extern "C" {
extern uint32_t data_from[], data_to[], data_end[], bss_start[], bss_end[], stack_top[];
extern void (*const init_start[])();
extern void (*const init_end[])();
void run();

[[noreturn]] void on_reset() {
  memcpy(data_to, data_from,
         static_cast<size_t>(reinterpret_cast<uint8_t*>(data_end) - reinterpret_cast<uint8_t*>(data_to)));
  memset(bss_start, 0,
         static_cast<size_t>(reinterpret_cast<uint8_t*>(bss_end) - reinterpret_cast<uint8_t*>(bss_start)));
  for (auto* constructor = init_start; constructor != init_end; ++constructor) (*constructor)();
  run();
  stratus::mcu::mps2::reset();
}

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
