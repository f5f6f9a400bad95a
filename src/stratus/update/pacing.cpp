#include "stratus/update/pacing.hpp"

#include <algorithm>
#include <cmath>

namespace stratus::update {

std::chrono::milliseconds back_off_delay(const BackOff& back_off, unsigned attempt, double random) {
  const unsigned doublings = std::min(attempt == 0 ? 0u : attempt - 1, 30u);
  const double most = static_cast<double>(back_off.most.count());
  const double whole =
      std::min(most, std::ldexp(static_cast<double>(back_off.first.count()), static_cast<int>(doublings)));
  return std::chrono::milliseconds(static_cast<std::int64_t>(whole / 2 + whole / 2 * random));
}

std::uint64_t next_chunk(std::uint64_t last_chunk, std::uint64_t bytes, std::chrono::milliseconds elapsed) {
  const std::uint64_t milliseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(1, elapsed.count()));
  const std::uint64_t wanted = bytes * static_cast<std::uint64_t>(kChunkTime.count()) / milliseconds;
  return std::clamp(std::min(wanted, last_chunk * 2), kSmallestChunk, kLargestChunk);
}

std::chrono::milliseconds next_look(std::uint64_t limit, std::uint64_t written, std::uint64_t written_before,
                                    std::chrono::milliseconds between) {
  if (limit == 0 || written <= written_before || between.count() <= 0) return kSeldomLook;
  if (written >= limit) return kSoonestLook;
  const double speed = static_cast<double>(written - written_before) / static_cast<double>(between.count());
  const double half = static_cast<double>(limit - written) / 2 / speed;
  if (half >= static_cast<double>(kSeldomLook.count())) return kSeldomLook;
  return std::max(kSoonestLook, std::chrono::milliseconds(static_cast<std::int64_t>(half)));
}

}  // namespace stratus::update
