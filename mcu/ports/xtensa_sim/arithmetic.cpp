// What the core has no instruction for and Debian's libgcc for it leaves out: division, and 64-bit products.
#include <stdint.h>

extern "C" {

uint32_t __umodsi3(uint32_t a, uint32_t b) {
  uint32_t rest = 0;
  for (int bit = 31; bit >= 0; --bit) {
    const bool carry = (rest >> 31) != 0;
    rest = rest << 1 | (a >> bit & 1);
    if (carry || rest >= b) rest -= b;
  }
  return rest;
}

uint32_t __udivsi3(uint32_t a, uint32_t b) {
  uint32_t rest = 0, result = 0;
  for (int bit = 31; bit >= 0; --bit) {
    const bool carry = (rest >> 31) != 0;
    rest = rest << 1 | (a >> bit & 1);
    result <<= 1;
    if (!carry && rest < b) continue;
    rest -= b;
    result |= 1;
  }
  return result;
}

// From products of 16 bits.
uint64_t __muldi3(uint64_t a, uint64_t b) {
  const auto a_low = static_cast<uint32_t>(a), b_low = static_cast<uint32_t>(b);
  const uint32_t a0 = a_low & 0xffff, a1 = a_low >> 16, b0 = b_low & 0xffff, b1 = b_low >> 16;
  const uint32_t low = a0 * b0, first = a1 * b0, second = a0 * b1;
  const uint32_t middle = (low >> 16) + (first & 0xffff) + (second & 0xffff);
  const uint32_t high = a1 * b1 + (first >> 16) + (second >> 16) + (middle >> 16) +
                        a_low * static_cast<uint32_t>(b >> 32) + static_cast<uint32_t>(a >> 32) * b_low;
  return static_cast<uint64_t>(high) << 32 | (middle << 16 | (low & 0xffff));
}

}  // extern "C"
