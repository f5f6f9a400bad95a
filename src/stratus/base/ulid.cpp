#include "stratus/base/ulid.hpp"

#include <array>

#include "stratus/base/random.hpp"

namespace stratus {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

}  // namespace

std::string format_ulid(WallTime time, std::span<const std::uint8_t, 10> random) {
  std::string text(26, '0');
  auto milliseconds = static_cast<std::uint64_t>(time.time_since_epoch().count());
  for (int i = 9; i >= 0; --i) {
    text[static_cast<std::size_t>(i)] = kAlphabet[milliseconds & 31u];
    milliseconds >>= 5;
  }
  std::uint32_t bits = 0;
  unsigned held = 0;
  std::size_t at = 10;
  for (const std::uint8_t byte : random) {
    bits = bits << 8 | byte;
    held += 8;
    while (held >= 5) {
      held -= 5;
      text[at++] = kAlphabet[bits >> held & 31u];
    }
  }
  return text;
}

std::string new_ulid() {
  std::array<std::uint8_t, 10> random{};
  fill_random(random);
  return format_ulid(system_clock().wall(), random);
}

bool is_ulid(std::string_view text) {
  return text.size() == 26 && text[0] <= '7' && text.find_first_not_of(kAlphabet) == std::string_view::npos;
}

}  // namespace stratus
