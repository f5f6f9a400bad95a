#include "stratus/base/clock.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace stratus {
namespace {

class SystemClock final : public Clock {
 public:
  WallTime wall() const override {
    return std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now());
  }
  SteadyTime steady() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

std::uint64_t unix_ms() {
  return static_cast<std::uint64_t>(system_clock().wall().time_since_epoch().count());
}

Millis steady_ms() { return std::chrono::duration_cast<Millis>(system_clock().steady().time_since_epoch()); }

std::string format_time(WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto millis = (time - seconds).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(static_cast<std::time_t>(seconds.time_since_epoch().count())), millis);
}

std::string format_time_ms(std::int64_t ms) { return format_time(WallTime(Millis(ms))); }

Result<WallTime> parse_time(std::string_view text) {
  const auto wrong = [&] {
    return fail(ErrorCode::invalid,
                fmt::format("'{}' is not a time like 2026-11-21T06:39:13Z", text.substr(0, 40)));
  };
  std::size_t at = 0;
  bool good = true;
  const auto number = [&](std::size_t digits) {
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i, ++at) {
      if (at >= text.size() || text[at] < '0' || text[at] > '9') return good = false, 0;
      value = value * 10 + (text[at] - '0');
    }
    return value;
  };
  const auto mark = [&](std::string_view any_of) {
    if (at >= text.size() || any_of.find(text[at]) == std::string_view::npos) return good = false, '\0';
    return text[at++];
  };
  const int year = number(4);
  mark("-");
  const int month = number(2);
  mark("-");
  const int day = number(2);
  mark("Tt ");
  const int hour = number(2);
  mark(":");
  const int minute = number(2);
  mark(":");
  const int second = number(2);
  int millis = 0;
  if (good && at < text.size() && text[at] == '.') {
    ++at;
    const std::size_t first = at;
    for (int worth = 100; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, worth /= 10)
      millis += (text[at] - '0') * worth;
    good = at > first;
  }
  int offset = 0;
  if (const char zone = mark("Zz+-"); zone == '+' || zone == '-') {
    const int hours = number(2);
    mark(":");
    const int minutes = number(2);
    good = good && hours <= 23 && minutes <= 59;
    offset = (zone == '-' ? -1 : 1) * (hours * 60 + minutes);
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(unsigned(month)),
                                         std::chrono::day(unsigned(day))};
  if (!good || at != text.size() || year < 1970 || year > 2999 || !date.ok() || hour > 23 || minute > 59 ||
      second > 59) {
    return wrong();
  }
  return WallTime(std::chrono::sys_days(date) + std::chrono::hours(hour) +
                  std::chrono::minutes(minute - offset) + std::chrono::seconds(second) + Millis(millis));
}

}  // namespace stratus
