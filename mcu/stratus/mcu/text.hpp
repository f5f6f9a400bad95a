// Text into a buffer of fixed size: JSON, paths, PEM. Once something did not fit, ok() says no and nothing
// more is written, so that only the end has to be checked.
#pragma once

#include "stratus/mcu/bytes.hpp"

namespace stratus::mcu {

struct Text {
  const char* data;
  uint32_t size;
};

uint32_t length_of(const char* text);

class TextWriter {
 public:
  TextWriter(char* to, uint32_t capacity) : to_(to), capacity_(capacity) {}

  TextWriter& raw(const char* data, uint32_t size);
  TextWriter& text(const char* text) { return raw(text, length_of(text)); }
  TextWriter& number(uint32_t value);
  TextWriter& hex(const uint8_t* data, uint32_t size);
  TextWriter& base64(const uint8_t* data, uint32_t size);
  // As the inside of a JSON string: quotes, backslashes and control characters escaped.
  TextWriter& escaped(const char* data, uint32_t size);

  // Members of a JSON object; open() first, close() last. `name` is plain ASCII.
  TextWriter& open() { return text("{"); }
  TextWriter& member(const char* name);
  TextWriter& member(const char* name, uint32_t value) { return member(name).number(value); }
  TextWriter& member(const char* name, const char* value);
  TextWriter& member(const char* name, const char* value, uint32_t size);
  TextWriter& digest_member(const char* name, const uint8_t digest[32]);
  // Seconds as milliseconds, without 64-bit arithmetic; nothing when the time is unknown.
  TextWriter& time_member(const char* name, uint32_t seconds);
  TextWriter& close() { return text("}"); }

  bool ok() const { return ok_; }
  uint32_t size() const { return size_; }
  const char* data() const { return to_; }
  // Ends with a zero byte; "" when it did not fit.
  const char* c_str();

 private:
  char* to_;
  uint32_t capacity_;
  uint32_t size_ = 0;
  bool ok_ = true;
};

}  // namespace stratus::mcu
