#include "stratus/update/transfer_meter.hpp"

#include <algorithm>

namespace stratus::update {

void TransferMeter::begin(std::uint64_t total, std::uint64_t here, Time now) {
  total_ = total;
  here_ = std::min(here, total);
  moved_ = now;
  samples_.assign(1, {now, here_});
}

void TransferMeter::advance(std::uint64_t here, Time now) {
  here = std::min(here, total_);
  if (here < here_) samples_.assign(1, {now, here});  // wrong bytes were thrown away: it begins again
  if (here != here_) moved_ = now;
  here_ = here;
  if (samples_.empty() || now - samples_.back().at >= kStep) samples_.push_back({now, here_});
  // The last one before the window stays, so that the window is always covered.
  while (samples_.size() > 2 && samples_[1].at + kWindow <= now) samples_.pop_front();
}

TransferReading TransferMeter::reading(Time now) const {
  TransferReading reading{here_, total_, 0, 0, 0};
  if (total_ == 0) return reading;
  const auto hundredth = static_cast<long double>(here_) * 100 / static_cast<long double>(total_);
  reading.percent =
      here_ == total_ ? 100 : std::min<std::uint32_t>(99, static_cast<std::uint32_t>(hundredth));
  if (samples_.empty() || moved_ + kWindow <= now) return reading;
  const Sample* from = &samples_.front();
  for (const Sample& sample : samples_) {
    if (sample.at + kWindow <= now) from = &sample;
  }
  const std::int64_t elapsed = (now - from->at).count();
  if (elapsed > 0) {
    const std::uint64_t came = here_ - std::min(here_, from->bytes);
    reading.speed = static_cast<std::uint64_t>(static_cast<long double>(came) * 1000 / elapsed);
  }
  if (reading.speed > 0) reading.eta_s = (total_ - here_ + reading.speed - 1) / reading.speed;
  return reading;
}

}  // namespace stratus::update
