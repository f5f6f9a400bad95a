// Vector table and first instructions, the same for boot loader and application.
#include "ports/mps2_an385/board.hpp"

extern "C" {
extern uint32_t data_from[], data_to[], data_end[], bss_start[], bss_end[], stack_top[];
extern void (*const init_start[])();
extern void (*const init_end[])();
void run();

// Memory that no variable has, up to the stack of this very function.
static constexpr uint32_t kPaint = 0xa5c3a5c3;
__attribute__((noinline)) static void paint() {
  auto* const end = static_cast<uint32_t*>(__builtin_frame_address(0)) - 32;
  for (volatile uint32_t* at = bss_end; at < end; ++at) *at = kPaint;
}

[[noreturn]] void on_reset() {
  memcpy(data_to, data_from,
         static_cast<size_t>(reinterpret_cast<uint8_t*>(data_end) - reinterpret_cast<uint8_t*>(data_to)));
  memset(bss_start, 0,
         static_cast<size_t>(reinterpret_cast<uint8_t*>(bss_end) - reinterpret_cast<uint8_t*>(bss_start)));
  paint();
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

namespace stratus::mcu::mps2 {

uint32_t stack_used() {
  const uint32_t* at = bss_end;
  while (at < stack_top && *at == kPaint) ++at;
  return static_cast<uint32_t>(stack_top - at) * sizeof *at;
}

void jump(uint32_t vector_table) {
  wr(0xe000ed08, vector_table);
  asm volatile("msr msp, %0\n bx %1" : : "r"(rd(vector_table)), "r"(rd(vector_table + 4)) : "memory");
  __builtin_unreachable();
}

}  // namespace stratus::mcu::mps2
