// How long to wait and how much to ask for at once. Pure.
#pragma once

#include <chrono>
#include <cstdint>

namespace stratus::update {

struct BackOff {
  std::chrono::milliseconds first{1'000};
  std::chrono::milliseconds most{300'000};
};
// The pause before attempt number `attempt` (1 = first repetition): doubling, with jitter over its upper half
// so that a fleet that lost its server together does not come back together. `random` in [0, 1).
std::chrono::milliseconds back_off_delay(const BackOff& back_off, unsigned attempt, double random);

inline constexpr std::uint64_t kSmallBlob = 4u << 20;       // bytes: fetched by one request
inline constexpr std::uint64_t kSmallestChunk = 64u << 10;  // bytes
inline constexpr std::uint64_t kLargestChunk = 64u << 20;
inline constexpr std::chrono::milliseconds kChunkTime{8'000};

// The next Range request's length: about kChunkTime at the speed just measured, at most twice the last one.
// What is lost by a cut is one chunk at most; what a chunk costs is one request head.
std::uint64_t next_chunk(std::uint64_t last_chunk, std::uint64_t bytes, std::chrono::milliseconds elapsed);

// When to look again how much a service has written: soon enough that at its speed it cannot write more than
// half of what it may still write. `limit` 0: no bound.
inline constexpr std::chrono::milliseconds kSeldomLook{5'000};
inline constexpr std::chrono::milliseconds kSoonestLook{250};
std::chrono::milliseconds next_look(std::uint64_t limit, std::uint64_t written, std::uint64_t written_before,
                                    std::chrono::milliseconds between);

}  // namespace stratus::update
