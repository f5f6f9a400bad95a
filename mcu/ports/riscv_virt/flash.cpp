// NOR flash with the commands of Intel's chips (CFI command set 1). Two chips of 16 bits lie side by side:
// each command goes to both.
#include "ports/riscv_virt/board.hpp"

namespace stratus::mcu::riscv_virt {
namespace {

constexpr uint32_t kBase = 0x22000000, kSize = 32u << 20;
constexpr uint32_t kBuffer = 128;  // bytes programmed by one command; never over a multiple of it

constexpr uint32_t both(uint32_t command) { return command << 16 | command; }
constexpr uint32_t kErase = both(0x20), kConfirm = both(0xd0), kProgram = both(0xe8);
constexpr uint32_t kForget = both(0x50), kReadArray = both(0xff);
constexpr uint32_t kReady = both(0x80), kFailed = both(0x3a);

bool inside(uint32_t at, uint32_t size) { return at <= kSize && size <= kSize - at; }

// The chip stays in the mode of its last command until somebody reads: going to and fro costs an emulator a
// new memory map each time, and a chip some microseconds.
bool array = false;
// Erased and not programmed since: nothing there has to be looked at before it is programmed.
uint32_t blank_from = 0, blank_end = 0;

void show_array() {
  if (!array) wr(kBase, kReadArray);
  array = true;
}

uint32_t wait_ready(uint32_t at) {
  uint32_t status = rd(at);
  while ((status & kReady) != kReady) status = rd(at);
  return status;
}

bool finish(uint32_t at) {
  const bool failed = (wait_ready(at) & kFailed) != 0;
  if (failed) wr(at, kForget);
  return !failed;
}

}  // namespace

bool BoardFlash::read(uint32_t at, void* to, uint32_t size) {
  if (!inside(at, size)) return false;
  show_array();
  memcpy(to, reinterpret_cast<const void*>(kBase + at), size);
  return true;
}

bool BoardFlash::program(uint32_t at, const void* from, uint32_t size) {
  if (!inside(at, size) || at % align != 0 || size % align != 0) return false;
  const auto* source = static_cast<const uint8_t*>(from);
  while (size != 0) {
    const uint32_t room = kBuffer - at % kBuffer, n = size < room ? size : room;
    uint32_t words[kBuffer / 4];
    memcpy(words, source, n);
    if (at >= blank_from && at + n <= blank_end) {
      blank_from = at + n;
    } else {  // QEMU would set bits as well: a chip only clears them
      show_array();
      for (uint32_t i = 0; i < n / 4; ++i) words[i] &= rd(kBase + at + 4 * i);
    }
    array = false;
    wr(kBase + at, kProgram);
    wait_ready(kBase + at);
    wr(kBase + at, both(n / 4 - 1));
    for (uint32_t i = 0; i < n / 4; ++i) wr(kBase + at + 4 * i, words[i]);
    wr(kBase + at, kConfirm);
    if (!finish(kBase + at)) return false;
    at += n;
    source += n;
    size -= n;
  }
  return true;
}

bool BoardFlash::erase(uint32_t at) {
  if (!inside(at, kSector) || at % kSector != 0) return false;
  array = false;
  blank_from = blank_end = 0;
  wr(kBase + at, kErase);
  wr(kBase + at, kConfirm);
  if (!finish(kBase + at)) return false;
  blank_from = at;
  blank_end = at + kSector;
  return true;
}

}  // namespace stratus::mcu::riscv_virt
