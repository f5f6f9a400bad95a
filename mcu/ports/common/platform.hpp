// What the bare boards have in common: words on the console, the clock, memory at the start, what the loader
// tells the application. A board's own part (board.hpp, in namespace board) stands below it.
#pragma once

#include "stratus/mcu/bytes.hpp"
#include "stratus/mcu/ports.hpp"

namespace stratus::mcu {

// Lies at the board's kHandOver, above every stack.
struct HandOver {
  uint32_t magic;
  uint32_t slot;
  uint32_t trial;
  uint32_t cause;
};
constexpr uint32_t kHandOverMagic = 0x53424f54;

inline uint32_t rd(uint32_t at) { return *reinterpret_cast<volatile uint32_t*>(at); }
inline void wr(uint32_t at, uint32_t value) { *reinterpret_cast<volatile uint32_t*>(at) = value; }

void print(const char* text);
void print_number(uint32_t value);

class BoardClock final : public Clock {
 public:
  uint32_t millis() override;     // to be asked at least every two minutes: a board's counter is short
  uint32_t unix_time() override;  // 0: the board knows none
};

uint32_t stack_used();  // bytes, the deepest since the start

}  // namespace stratus::mcu
