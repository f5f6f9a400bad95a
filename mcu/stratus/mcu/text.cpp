#include "stratus/mcu/text.hpp"

namespace stratus::mcu {

uint32_t length_of(const char* text) {
  uint32_t n = 0;
  while (text[n] != 0) ++n;
  return n;
}

TextWriter& TextWriter::raw(const char* data, uint32_t size) {
  if (size > capacity_ - size_) ok_ = false;
  if (!ok_) return *this;
  memcpy(to_ + size_, data, size);
  size_ += size;
  return *this;
}

TextWriter& TextWriter::number(uint32_t value) {
  char digits[10];
  uint32_t at = sizeof digits;
  do {
    digits[--at] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  return raw(digits + at, sizeof digits - at);
}

TextWriter& TextWriter::hex(const uint8_t* data, uint32_t size) {
  for (uint32_t i = 0; i < size; ++i) {
    const char pair[2] = {"0123456789abcdef"[data[i] >> 4], "0123456789abcdef"[data[i] & 15]};
    raw(pair, 2);
  }
  return *this;
}

const char* TextWriter::c_str() {
  raw("", 1);
  if (!ok_) return "";
  --size_;
  return to_;
}

}  // namespace stratus::mcu
