#include "ports/xtensa_sim/board.hpp"

// The core starts here; the linker puts this section at 0x50000000.
asm(R"(
  .section .reset, "ax"
  .global on_start
on_start:
  j 1f
  .literal_position
  .align 4
1:
  movi a1, stack_top
  movi a0, on_reset
  jx a0
  .text
)");

namespace stratus::mcu::xtensa_sim {
namespace {

uint8_t flash[kFlashSize];

bool inside(uint32_t at, uint32_t size) { return at <= kFlashSize && size <= kFlashSize - at; }

// A call to the debugger.
void call(uint32_t number, uint32_t first, const void* second, uint32_t third) {
  register uint32_t a2 asm("a2") = number;
  register uint32_t a3 asm("a3") = first;
  register const void* a4 asm("a4") = second;
  register uint32_t a5 asm("a5") = third;
  asm volatile("simcall" : "+r"(a2), "+r"(a3) : "r"(a4), "r"(a5) : "memory");
}

}  // namespace

bool BoardFlash::read(uint32_t at, void* to, uint32_t size) {
  if (!inside(at, size)) return false;
  memcpy(to, flash + at, size);
  return true;
}

bool BoardFlash::program(uint32_t at, const void* from, uint32_t size) {
  if (!inside(at, size) || at % align != 0 || size % align != 0) return false;
  for (uint32_t i = 0; i < size; ++i) flash[at + i] &= static_cast<const uint8_t*>(from)[i];
  return true;
}

bool BoardFlash::erase(uint32_t at) {
  if (!inside(at, kSector) || at % kSector != 0) return false;
  memset(flash + at, 0xff, kSector);
  return true;
}

void put(uint8_t byte) { call(4, 1, &byte, 1); }

void quit(bool ok) {
  call(1, ok ? 0 : 1, nullptr, 0);
  for (;;) asm volatile("");
}

}  // namespace stratus::mcu::xtensa_sim
