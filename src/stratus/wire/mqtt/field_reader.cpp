#include "stratus/wire/mqtt/field_reader.hpp"

#include <algorithm>

namespace stratus::wire::mqtt {
namespace {

// Length of the well-formed UTF-8 sequence at the front, 0 when it is none (RFC 3629: no surrogates, no
// overlong forms, nothing above U+10FFFF).
std::size_t sequence_length(BytesView bytes) {
  const auto follows = [&](std::size_t at, std::uint8_t low = 0x80, std::uint8_t high = 0xBF) {
    return at < bytes.size() && bytes[at] >= low && bytes[at] <= high;
  };
  const std::uint8_t lead = bytes[0];
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return follows(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const bool second = follows(1, lead == 0xE0 ? 0xA0 : 0x80, lead == 0xED ? 0x9F : 0xBF);
    return second && follows(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const bool second = follows(1, lead == 0xF0 ? 0x90 : 0x80, lead == 0xF4 ? 0x8F : 0xBF);
    return second && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

bool is_mqtt_text(std::string_view text) {
  if (text.size() > 0xFFFF) return false;
  const auto* const begin = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto* const plain_end =
      std::find_if(begin, begin + text.size(), [](std::uint8_t c) { return c == 0 || c >= 0x80; });
  BytesView bytes(plain_end, begin + text.size());
  while (!bytes.empty()) {
    if (bytes[0] == 0) return false;
    const std::size_t length = sequence_length(bytes);
    if (length == 0) return false;
    bytes = bytes.subspan(length);
  }
  return true;
}

BytesView FieldReader::take(std::size_t count) {
  if (failed() || count > bytes_.size()) {
    reject("cut short");
    return {};
  }
  const BytesView taken = bytes_.first(count);
  bytes_ = bytes_.subspan(count);
  return taken;
}

BytesView FieldReader::rest() { return take(bytes_.size()); }

std::uint8_t FieldReader::byte() {
  const BytesView taken = take(1);
  return taken.empty() ? 0 : taken[0];
}

std::uint16_t FieldReader::two_bytes() {
  const BytesView taken = take(2);
  return taken.empty() ? 0 : static_cast<std::uint16_t>(taken[0] << 8 | taken[1]);
}

std::uint32_t FieldReader::four_bytes() {
  const std::uint32_t high = two_bytes();
  return high << 16 | two_bytes();
}

std::uint32_t FieldReader::variable() {
  std::uint32_t value = 0;
  for (unsigned shift = 0; shift < 28; shift += 7) {
    const std::uint8_t next = byte();
    value |= static_cast<std::uint32_t>(next & 0x7F) << shift;
    if ((next & 0x80) != 0) continue;
    if (next == 0 && shift > 0) reject("a length that is not in its shortest form");
    return failed() ? 0 : value;
  }
  reject("a length of more than four bytes");
  return 0;
}

BytesView FieldReader::binary() { return take(two_bytes()); }

std::string_view FieldReader::text() {
  const std::string_view text = as_text(binary());
  if (!is_mqtt_text(text)) {
    reject("text that is not UTF-8");
    return {};
  }
  return text;
}

void write_two_bytes(std::uint32_t value, std::string& out) {
  out.push_back(static_cast<char>(value >> 8 & 0xFF));
  out.push_back(static_cast<char>(value & 0xFF));
}

void write_four_bytes(std::uint32_t value, std::string& out) {
  write_two_bytes(value >> 16, out);
  write_two_bytes(value, out);
}

void write_variable(std::uint32_t value, std::string& out) {
  do {
    const std::uint32_t low = value & 0x7F;
    value >>= 7;
    out.push_back(static_cast<char>(value != 0 ? low | 0x80 : low));
  } while (value != 0);
}

void write_text(std::string_view text, std::string& out) {
  write_two_bytes(static_cast<std::uint32_t>(text.size()), out);
  out.append(text);
}

}  // namespace stratus::wire::mqtt
