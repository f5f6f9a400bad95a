// What time brings to a campaign: its start, gates and waves, turns, deadlines.
#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "stratus/rollout/campaign.hpp"

namespace stratus::rollout {
namespace {
constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kLook = 1000;  // how often devices' own times are looked at
}  // namespace

Campaign::Judgement Campaign::judge(std::size_t wave) const {
  const Gate& gate = spec_.waves[wave].gate;
  const Counts& counts = counts_[wave];
  Judgement verdict;
  const std::uint32_t accepted = std::min(header_.waves[wave].accepted, counts.failures());
  verdict.counted = counts.total() - counts[DeviceState::cancelled] - accepted;
  verdict.failures = counts.failures() - accepted;
  verdict.successes = counts[DeviceState::success];
  const std::uint64_t all = verdict.counted;
  verdict.passed = verdict.successes * std::uint64_t{100} >= gate.success_percent * all;
  const bool too_many = verdict.failures * std::uint64_t{100} > gate.failure_percent * all;
  const bool out_of_reach = (all - verdict.failures) * 100 < gate.success_percent * all;
  verdict.failed = verdict.failures > 0 && (too_many || out_of_reach);
  return verdict;
}

void Campaign::open_wave(std::int64_t now) {
  if (header_.wave >= 0) header_.waves[static_cast<std::size_t>(header_.wave)].passed_ms = now;
  ++header_.wave;
  const auto wave = static_cast<std::size_t>(header_.wave);
  header_.waves[wave].opened_ms = now;
  header_.advance_asked_by.clear();
  header_.advance_asked_person.clear();
  queue_stale_ = true;
  note("wave_opened", "",
       fmt::format("wave {} of {}, {} devices", wave + 1, spec_.waves.size(), counts_[wave].total()), now);
}

// Closes gates that failed, opens waves whose time has come.
void Campaign::move_waves(std::int64_t now) {
  while (header_.state == State::running) {
    for (std::size_t wave = 0; wave <= static_cast<std::size_t>(header_.wave); ++wave) {
      const Judgement verdict = judge(wave);
      if (!verdict.failed) continue;
      header_.cause =
          fmt::format("gate of wave {}: {} of {} devices failed (at most {} % may, {} % must succeed)",
                      wave + 1, verdict.failures, verdict.counted, spec_.waves[wave].gate.failure_percent,
                      spec_.waves[wave].gate.success_percent);
      (void)order(Event::gate_failed, "gate_failed", "", header_.cause, now);
      for (const std::uint32_t index : flying_) {
        if (devices_[index].state == DeviceState::requested)
          move(devices_[index], DeviceEvent::pull_back, now, "");
      }
      return;
    }
    const auto wave = static_cast<std::size_t>(header_.wave);
    WaveRecord& record = header_.waves[wave];
    const bool passed = judge(wave).passed;
    if (passed != (record.settled_ms != 0)) {
      record.settled_ms = passed ? now : 0;  // devices that joined may undo it
      changes_.header = true;
    }
    const bool soaked = passed && now >= record.settled_ms + spec_.waves[wave].gate.soak_ms;
    if (!soaked || wave + 1 == spec_.waves.size()) return;
    (void)next_state(header_.state, Event::wave_passed);
    open_wave(now);
  }
}

bool Campaign::window_open(const Device& device, std::int64_t now) const {
  if (!spec_.window) return true;
  const auto fixed = parse_offset(device.zone);
  const int minutes = fixed ? *fixed : offsets_ ? offsets_(device.zone, now) : 0;
  return is_open(*spec_.window, now, minutes);
}

void Campaign::start_devices(std::int64_t now, const IsBusy& is_busy) {
  if (header_.state != State::running) return;
  if (queue_stale_) {
    queue_.clear();
    for (std::uint32_t index = 0; index < devices_.size(); ++index) {
      const Device& device = devices_[index];
      if (device.state == DeviceState::waiting && static_cast<int>(device.wave) <= header_.wave)
        queue_.push_back(index);
    }
    // Rows may have been loaded in another order than they were planned in; waves go first in any case.
    std::stable_sort(queue_.begin(), queue_.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return devices_[a].wave < devices_[b].wave; });
    queue_stale_ = false;
  }
  if (queue_.empty()) return;
  std::uint64_t may = std::numeric_limits<std::uint64_t>::max();
  if (spec_.max_in_flight > 0) {
    const std::uint32_t flying = counts().in_flight();
    may = spec_.max_in_flight > flying ? spec_.max_in_flight - flying : 0;
  }
  const std::uint64_t rate = spec_.rate_per_minute;
  if (rate > 0) {
    const std::int64_t since = std::max<std::int64_t>(now - header_.last_start_ms, 0);
    const auto earned = static_cast<std::uint64_t>(std::min(since, kMinute)) * rate / kMinute;
    const std::uint64_t burst = std::max<std::uint64_t>(rate / 30, 1);  // what two seconds allow
    if (earned > burst) header_.last_start_ms = now - static_cast<std::int64_t>(burst * kMinute / rate);
    may = std::min(may, std::min(earned, burst));
  }
  std::uint64_t started = 0;
  std::size_t kept = 0;
  for (std::size_t at = 0; at < queue_.size(); ++at) {
    Device& device = devices_[queue_[at]];
    if (device.state != DeviceState::waiting) continue;
    const bool open = window_open(device, now);
    if (started < may && open && device.not_before_ms <= now && !is_busy(device.id)) {
      move(device, DeviceEvent::request, now, "");
      ++started;
    } else {
      queue_[kept++] = queue_[at];
    }
  }
  queue_.resize(kept);
  if (rate > 0 && started > 0) {
    header_.last_start_ms += static_cast<std::int64_t>((started * kMinute + rate - 1) / rate);
    changes_.header = true;
  }
}

// Attempts, acknowledgements and returns that took too long.
void Campaign::check_times(std::int64_t now) {
  std::erase_if(flying_, [&](std::uint32_t index) {
    listed_[index] = is_in_flight(devices_[index].state);
    return !listed_[index];
  });
  const std::vector<std::uint32_t> flying = flying_;
  for (const std::uint32_t index : flying) {
    Device& device = devices_[index];
    const bool late = spec_.attempt_timeout_ms > 0 && now >= device.started_ms + spec_.attempt_timeout_ms;
    if (device.state == DeviceState::cancelling) {
      if (now < device.changed_ms + spec_.cancel_timeout_ms) continue;
      move(device, DeviceEvent::cancel_lost, now, "cancelled, but the device did not say so in time");
      end_content(device, device.state, now, false);
    } else if (device.state == DeviceState::returning) {
      if (!late) continue;
      move(device, DeviceEvent::return_failed, now, "the return took too long");
      end_content(device, device.state, now, false);
    } else if (late && is_in_flight(device.state)) {
      tell(device, Tell::cancel);
      attempt_failed(device, DeviceEvent::timed_out, "no result within the time of one attempt", now);
    }
  }
}

void Campaign::expire(std::int64_t now) {
  if (!order(Event::expired, "expired", "", "the deadline has passed", now)) return;
  std::uint32_t open = 0;
  for (Device& device : devices_) {
    const DeviceState from = device.state;
    if (!move(device, DeviceEvent::expire, now, "the rollout's deadline passed")) continue;
    ++open;
    if (!is_in_flight(from)) continue;
    tell(device, Tell::cancel);
    end_content(device, device.state, now, false);
  }
  header_.cause = open == 0 ? "" : fmt::format("the deadline passed before {} devices were done", open);
}

void Campaign::finish_if_closed(std::int64_t now) {
  if (header_.state == State::running && spec_.joining == Joining::until_expiry) return;
  if ((header_.state != State::running && header_.state != State::aborting) || counts().open() > 0) return;
  const std::uint32_t failures = counts().failures();
  const std::string kept = header_.cause;
  (void)order(Event::all_closed, header_.state == State::running ? "completed" : "aborted", "",
              fmt::format("{} of {} devices succeeded", counts()[DeviceState::success], counts().total()),
              now);
  header_.cause = kept.empty() && failures > 0 ? fmt::format("{} devices failed", failures) : kept;
}

void Campaign::tick(std::int64_t now, const IsBusy& is_busy) {
  if (is_final(header_.state) || header_.state == State::draft) return;
  if (now >= spec_.expires_ms && header_.state != State::aborting) expire(now);
  if (header_.state == State::scheduled && now >= spec_.start_ms) {
    const bool first = header_.wave < 0;
    (void)order(Event::start_due, first ? "started" : "continued", "", "", now);
    if (first) {
      header_.started_ms = now;
      open_wave(now);
    }
  }
  check_times(now);
  move_waves(now);
  start_devices(now, is_busy);
  finish_if_closed(now);
}

std::int64_t Campaign::next_tick(std::int64_t now) const {
  constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
  if (is_final(header_.state) || header_.state == State::draft) return kNever;
  std::int64_t next = header_.state == State::aborting ? kNever : spec_.expires_ms;
  if (header_.state == State::scheduled) next = std::min(next, spec_.start_ms);
  if (header_.state == State::running && header_.wave >= 0) {
    const auto wave = static_cast<std::size_t>(header_.wave);
    if (header_.waves[wave].settled_ms != 0 && wave + 1 < spec_.waves.size())
      next = std::min(next, header_.waves[wave].settled_ms + spec_.waves[wave].gate.soak_ms);
    if (!queue_.empty() || queue_stale_) {
      const std::int64_t rate = spec_.rate_per_minute;
      next = std::min(next, now + (rate > 60 ? std::max<std::int64_t>(kMinute / rate, 100) : kLook));
    }
  }
  if (counts().in_flight() > 0) next = std::min(next, now + kLook);
  return next;
}

std::string Campaign::explain(const Device& device, std::int64_t now, const IsBusy& is_busy) const {
  if (device.state != DeviceState::waiting) return device.cause;
  if (header_.state != State::running)
    return fmt::format("the rollout is {}{}{}", name_of(header_.state), header_.cause.empty() ? "" : ": ",
                       header_.cause);
  if (static_cast<int>(device.wave) > header_.wave)
    return fmt::format("it is in wave {}, wave {} is open", device.wave + 1, header_.wave + 1);
  if (device.not_before_ms > now) return "waits before the next attempt; " + device.cause;
  if (!window_open(device, now)) return "outside the maintenance window of its local time";
  if (is_busy(device.id)) return "another rollout is updating it";
  return "its turn comes by the rate or the number of devices under way";
}

}  // namespace stratus::rollout
