// The half of TextWriter that writes JSON: apart, so that it is seen what it weighs.
#include "stratus/mcu/text.hpp"

namespace stratus::mcu {

TextWriter& TextWriter::base64(const uint8_t* data, uint32_t size) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (uint32_t i = 0; i < size; i += 3) {
    const uint32_t left = size - i;
    const uint32_t bits = static_cast<uint32_t>(data[i]) << 16 | (left > 1 ? data[i + 1] << 8 : 0) |
                          (left > 2 ? data[i + 2] : 0);
    const char four[4] = {kDigits[bits >> 18], kDigits[bits >> 12 & 63],
                          left > 1 ? kDigits[bits >> 6 & 63] : '=', left > 2 ? kDigits[bits & 63] : '='};
    raw(four, 4);
  }
  return *this;
}

TextWriter& TextWriter::escaped(const char* data, uint32_t size) {
  for (uint32_t i = 0; i < size; ++i) {
    const uint8_t c = static_cast<uint8_t>(data[i]);
    if (c == '"' || c == '\\') {
      raw("\\", 1).raw(data + i, 1);
    } else if (c < ' ') {
      text("\\u00").hex(&c, 1);
    } else {
      raw(data + i, 1);
    }
  }
  return *this;
}

TextWriter& TextWriter::member(const char* name) {
  if (size_ != 0 && to_[size_ - 1] != '{') text(",");
  return text("\"").text(name).text("\":");
}

TextWriter& TextWriter::member(const char* name, const char* value, uint32_t size) {
  return member(name).text("\"").escaped(value, size).text("\"");
}

TextWriter& TextWriter::member(const char* name, const char* value) {
  return member(name, value, length_of(value));
}

TextWriter& TextWriter::digest_member(const char* name, const uint8_t digest[32]) {
  return member(name).text("\"sha256:").hex(digest, 32).text("\"");
}

TextWriter& TextWriter::time_member(const char* name, uint32_t seconds) {
  return seconds == 0 ? *this : member(name, seconds).text("000");
}

}  // namespace stratus::mcu
