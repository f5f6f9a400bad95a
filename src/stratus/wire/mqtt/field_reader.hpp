// The data types of MQTT 5 (section 1.5) read from one packet's bytes and written. Internal to wire/mqtt.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "stratus/base/bytes.hpp"

namespace stratus::wire::mqtt {

// Reads field after field. The first one that is cut short or malformed is remembered in `problem`; later
// reads answer zeros, so a decoder reads all its fields and asks once.
class FieldReader {
 public:
  explicit FieldReader(BytesView bytes) : bytes_(bytes) {}

  std::uint8_t byte();
  std::uint16_t two_bytes();
  std::uint32_t four_bytes();
  std::uint32_t variable();  // at most four bytes, the shortest form only
  std::string_view text();   // UTF-8 without NUL
  BytesView binary();
  BytesView take(std::size_t count);
  BytesView rest();

  bool at_end() const { return bytes_.empty(); }
  bool failed() const { return !problem_.empty(); }
  // `what` must live for ever.
  void reject(std::string_view what) {
    if (problem_.empty()) problem_ = what;
  }
  std::string_view problem() const { return problem_; }

 private:
  BytesView bytes_;
  std::string_view problem_;
};

bool is_mqtt_text(std::string_view text);  // ≤ 65,535 bytes of well-formed UTF-8 without NUL

void write_two_bytes(std::uint32_t value, std::string& out);
void write_four_bytes(std::uint32_t value, std::string& out);
void write_variable(std::uint32_t value, std::string& out);
void write_text(std::string_view text, std::string& out);  // its length must fit

}  // namespace stratus::wire::mqtt
