#include "ports/common/platform.hpp"

#include "board.hpp"

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

// The first of C++, the same for boot loader and application: a board's vectors or first instructions come
// here.
[[noreturn]] void on_reset() {
  memcpy(data_to, data_from,
         static_cast<size_t>(reinterpret_cast<uint8_t*>(data_end) - reinterpret_cast<uint8_t*>(data_to)));
  memset(bss_start, 0,
         static_cast<size_t>(reinterpret_cast<uint8_t*>(bss_end) - reinterpret_cast<uint8_t*>(bss_start)));
  paint();
  for (auto* constructor = init_start; constructor != init_end; ++constructor) (*constructor)();
  run();
  stratus::mcu::board::reset();
}
}

namespace stratus::mcu {

uint32_t stack_used() {
  const uint32_t* at = bss_end;
  while (at < stack_top && *at == kPaint) ++at;
  return static_cast<uint32_t>(stack_top - at) * sizeof *at;
}

void print(const char* text) {
  while (*text != 0) board::put(static_cast<uint8_t>(*text++));
}

void print_number(uint32_t value) {
  char digits[11];
  char* at = digits + sizeof digits - 1;
  *at = 0;
  do {
    *--at = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  print(at);
}

uint32_t BoardClock::millis() {
  static uint32_t before = 0, rest = 0, total = 0;
  const uint32_t now = board::ticks();
  rest += now - before;
  before = now;
  total += rest / board::kTicksPerMilli;
  rest %= board::kTicksPerMilli;
  return total;
}

uint32_t BoardClock::unix_time() {
  static uint32_t at_start = 0, started = 0;
  const uint32_t now = millis() / 1000;
  if (at_start == 0) {
    at_start = board::wall_time();
    started = now;
  }
  return at_start == 0 ? 0 : at_start + now - started;
}

}  // namespace stratus::mcu
