#include "stratus/gateway/delivery_plan.hpp"

#include <algorithm>

#include "stratus/update/pacing.hpp"

namespace stratus::gateway {
namespace {

constexpr update::BackOff kPause{Millis(500), Millis(60'000)};
constexpr update::BackOff kTroublePause{Millis(500), Millis(15'000)};
constexpr std::size_t kTrouble = 4;  // devices without luck that make it the upstream's trouble

}  // namespace

bool DeliveryPlan::upstream_in_trouble() const { return unlucky_.size() >= kTrouble; }

void DeliveryPlan::add(const std::string& device, Id id) {
  Queue& queue = queues_[device];
  queue.ids.push_back(id);
  if (queue.ids.size() == 1) ready_.push_back(device);
}

std::optional<DeliveryPlan::Sending> DeliveryPlan::next(SteadyTime now) {
  while (!held_.empty() && held_.begin()->first <= now) {
    ready_.push_back(held_.begin()->second);
    held_.erase(held_.begin());
  }
  if (ready_.empty()) return std::nullopt;
  if (upstream_in_trouble() && (under_way_ > 0 || now < ask_again_)) return std::nullopt;
  Sending sending;
  sending.device = std::move(ready_.front());
  ready_.pop_front();
  sending.id = queues_.at(sending.device).ids.front();
  ++under_way_;
  return sending;
}

SteadyTime DeliveryPlan::wake_at() const {
  SteadyTime when = held_.empty() ? SteadyTime::max() : held_.begin()->first;
  if (!upstream_in_trouble()) return when;
  if (under_way_ > 0) return SteadyTime::max();
  if (!ready_.empty()) return ask_again_;
  return std::max(when, ask_again_);
}

void DeliveryPlan::done(const Sending& sending) {
  --under_way_;
  if (upstream_in_trouble()) {  // over now; nobody has to wait any longer
    for (const auto& [when, device] : held_) ready_.push_back(device);
    held_.clear();
  }
  unlucky_.clear();
  failures_in_a_row_ = 0;
  const auto queue = queues_.find(sending.device);
  queue->second.failures = 0;
  queue->second.ids.pop_front();
  if (queue->second.ids.empty()) {
    queues_.erase(queue);
  } else {
    ready_.push_back(sending.device);
  }
}

void DeliveryPlan::failed(const Sending& sending, SteadyTime now, Millis least, double chance) {
  --under_way_;
  if (!upstream_in_trouble()) unlucky_.insert(sending.device);
  ++failures_in_a_row_;
  if (upstream_in_trouble())
    ask_again_ = now + update::back_off_delay(kTroublePause, failures_in_a_row_, chance);
  Queue& queue = queues_.at(sending.device);
  const Millis pause = std::max(least, update::back_off_delay(kPause, ++queue.failures, chance));
  held_.emplace(now + pause, sending.device);
}

}  // namespace stratus::gateway
