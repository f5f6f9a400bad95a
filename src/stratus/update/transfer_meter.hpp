// How far a transfer is, how fast, how long still: percent, speed and ETA (B64). Pure; the caller brings the
// time. Speed is that of the last seconds, so that a link that became slow is seen and a stalled one is zero.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>

namespace stratus::update {

struct TransferReading {
  std::uint64_t bytes = 0;    // that are here
  std::uint64_t total = 0;    // planned; 0: no transfer
  std::uint32_t percent = 0;  // rounded down; 100 only when all is here
  std::uint64_t speed = 0;    // bytes per second
  std::uint64_t eta_s = 0;    // rounded up; 0: unknown, or done

  bool operator==(const TransferReading&) const = default;
};

class TransferMeter {
 public:
  using Time = std::chrono::milliseconds;  // since any moment; never goes back
  static constexpr Time kWindow{8'000};
  static constexpr Time kStep{250};  // between two samples that are kept

  // `here`: bytes that an earlier attempt left.
  void begin(std::uint64_t total, std::uint64_t here, Time now);
  void advance(std::uint64_t here, Time now);
  void end() { *this = TransferMeter(); }
  TransferReading reading(Time now) const;

 private:
  struct Sample {
    Time at;
    std::uint64_t bytes;
  };
  std::uint64_t total_ = 0;
  std::uint64_t here_ = 0;
  Time moved_{0};               // when `here_` last changed
  std::deque<Sample> samples_;  // at most kWindow / kStep and two
};

}  // namespace stratus::update
