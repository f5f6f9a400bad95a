#include "stratus/update/retry.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace stratus::update {

std::chrono::milliseconds asked_pause(std::string_view retry_after) {
  constexpr int kLongest = 300;
  int seconds = 0;
  const char* const end = retry_after.data() + retry_after.size();
  const auto [stop, error] = std::from_chars(retry_after.data(), end, seconds);
  if (error != std::errc() || stop != end || seconds < 0) return std::chrono::milliseconds(0);
  return std::chrono::seconds(std::min(seconds, kLongest));
}

std::chrono::milliseconds retry_delay(const BackOff& back_off, unsigned attempt, double random,
                                      std::chrono::milliseconds asked) {
  const unsigned doublings = std::min(attempt == 0 ? 0u : attempt - 1, 30u);
  const double first = static_cast<double>(back_off.first.count());
  const double whole =
      std::min(static_cast<double>(back_off.most.count()), std::ldexp(first, static_cast<int>(doublings)));
  const double least = std::min(first / 20, whole);
  return asked + std::chrono::milliseconds(static_cast<std::int64_t>(std::max(least, whole * random)));
}

}  // namespace stratus::update
