#include "stratus/rollout/window.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace stratus::rollout {
namespace {

constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kDay = 1440;  // minutes
constexpr auto kDays = std::to_array<std::string_view>({"mon", "tue", "wed", "thu", "fri", "sat", "sun"});

constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// 1 January 1970 was a Thursday.
constexpr unsigned weekday(std::int64_t day) { return static_cast<unsigned>(((day + 3) % 7 + 7) % 7); }

bool has_day(const Window& window, std::int64_t day) { return (window.days >> weekday(day) & 1) != 0; }

std::int64_t length(const Window& window) {
  const std::int64_t minutes = std::int64_t{window.to_minute} - window.from_minute;
  return minutes > 0 ? minutes : minutes + kDay;
}

std::optional<unsigned> two_digits(std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.size() != 2 || !is_digit(text[0]) || !is_digit(text[1])) return std::nullopt;
  return static_cast<unsigned>((text[0] - '0') * 10 + (text[1] - '0'));
}

}  // namespace

std::int64_t next_opening(const Window& window, std::int64_t utc_ms, int offset_minutes) {
  const std::int64_t offset = offset_minutes * kMinute;
  const std::int64_t local_ms = utc_ms + offset;
  const std::int64_t today = floor_div(floor_div(local_ms, kMinute), kDay);
  // Yesterday's window may reach into today; a week later every day has come by.
  for (std::int64_t day = today - 1; day <= today + 7; ++day) {
    if (!has_day(window, day)) continue;
    const std::int64_t opens = (day * kDay + window.from_minute) * kMinute;
    if (local_ms < opens) return opens - offset;
    if (local_ms < opens + length(window) * kMinute) return utc_ms;
  }
  return utc_ms + 7 * kDay * kMinute;  // no day at all: look again then
}

bool is_open(const Window& window, std::int64_t utc_ms, int offset_minutes) {
  return window.days != 0 && next_opening(window, utc_ms, offset_minutes) == utc_ms;
}

Result<std::uint16_t> parse_minute(std::string_view text) {
  const auto hours = two_digits(text.substr(0, 2));
  const auto minutes = text.size() == 5 && text[2] == ':' ? two_digits(text.substr(3)) : std::nullopt;
  if (!hours || !minutes || *minutes > 59 || *hours > 24 || (*hours == 24 && *minutes != 0)) {
    return fail(ErrorCode::invalid, fmt::format("'{}' is not a time of day like 02:30", text.substr(0, 16)));
  }
  return static_cast<std::uint16_t>(*hours * 60 + *minutes);
}

std::string format_minute(std::uint16_t minute) {
  return fmt::format("{:02}:{:02}", minute / 60, minute % 60);
}

std::optional<unsigned> parse_day(std::string_view text) {
  const auto found = std::find(kDays.begin(), kDays.end(), text);
  if (found == kDays.end()) return std::nullopt;
  return static_cast<unsigned>(found - kDays.begin());
}

std::string_view day_name(unsigned day) { return kDays.at(day); }

Result<int> parse_offset(std::string_view text) {
  if (text == "Z" || text == "UTC") return 0;
  if (text.size() == 6 && (text[0] == '+' || text[0] == '-')) {
    const auto minutes = parse_minute(text.substr(1));
    if (minutes && *minutes <= 14 * 60) return text[0] == '-' ? -int{*minutes} : int{*minutes};
  }
  return fail(ErrorCode::invalid, fmt::format("'{}' is not an offset like +09:00", text.substr(0, 16)));
}

}  // namespace stratus::rollout
