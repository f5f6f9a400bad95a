#include "stratus/rollout/campaign.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace stratus::rollout {

Campaign::Campaign(Header header, Spec spec, std::vector<Device> devices)
    : header_(std::move(header)), spec_(std::move(spec)) {
  header_.waves.resize(spec_.waves.size());
  header_.refusing = 0;  // counted anew: it may have been stored before this was known
  counts_.resize(spec_.waves.size());
  devices_.reserve(devices.size());
  for (Device& device : devices) add_device(std::move(device));
}

Campaign Campaign::create(Header header, Spec spec, const Plan& plan) {
  std::vector<Device> devices;
  devices.reserve(plan.members.size());
  for (const Member& member : plan.members) {
    Device device;
    device.id = member.id;
    device.wave = member.wave;
    device.zone = member.zone;
    device.changed_ms = header.created_ms;
    device.before = member.before;
    devices.push_back(std::move(device));
  }
  Campaign campaign(std::move(header), std::move(spec), std::move(devices));
  for (const Device& device : campaign.devices_) campaign.touch(device);
  campaign.note("created", campaign.header_.author,
                fmt::format("{} devices, {} left out", plan.members.size(), plan.exclusions.size()),
                campaign.header_.created_ms);
  return campaign;
}

void Campaign::add_device(Device device) {
  device.before.resize(spec_.contents.size());
  device.wave = std::min<std::uint32_t>(device.wave, static_cast<std::uint32_t>(spec_.waves.size() - 1));
  const auto index = static_cast<std::uint32_t>(devices_.size());
  if (!index_.emplace(device.id, index).second) return;
  ++counts_[device.wave][device.state];
  header_.refusing += refuses(device) ? 1U : 0U;
  held_.push_back(is_in_flight(device.state));
  touched_.push_back(false);
  listed_.push_back(held_.back());
  if (held_.back()) flying_.push_back(index);
  devices_.push_back(std::move(device));
}

Device* Campaign::at(std::string_view device) {
  const auto found = index_.find(std::string(device));
  return found == index_.end() ? nullptr : &devices_[found->second];
}

const Device* Campaign::find(std::string_view device) const {
  const auto found = index_.find(std::string(device));
  return found == index_.end() ? nullptr : &devices_[found->second];
}

Counts Campaign::counts() const {
  Counts sum;
  for (const Counts& wave : counts_) {
    for (std::size_t i = 0; i < kDeviceStates; ++i) sum.of[i] += wave.of[i];
  }
  return sum;
}

void Campaign::touch(const Device& device) {
  const auto index = static_cast<std::size_t>(&device - devices_.data());
  if (touched_[index]) return;
  touched_[index] = true;
  changes_.devices.push_back(static_cast<std::uint32_t>(index));
}

void Campaign::tell(const Device& device, Tell what) {
  changes_.tellings.push_back({device.id, what, device.content});
}

void Campaign::note(std::string_view kind, const std::string& who, std::string detail, std::int64_t now) {
  changes_.header = true;
  changes_.notes.push_back({now, std::string(kind), who, std::move(detail)});
}

Changes Campaign::take_changes() {
  Changes taken = std::exchange(changes_, Changes());
  for (const std::uint32_t index : taken.devices) {
    const Device& device = devices_[index];
    touched_[index] = false;
    const bool holds = is_in_flight(device.state);
    if (holds && !held_[index]) taken.claimed.push_back(device.id);
    if (!holds && held_[index]) taken.released.push_back(device.id);
    held_[index] = holds;
  }
  // Only what is still true: a device that was called and called back in one batch hears nothing.
  std::erase_if(taken.tellings, [&](const Telling& telling) {
    const DeviceState state = find(telling.device)->state;
    if (telling.what == Tell::request) return state != DeviceState::requested;
    if (telling.what == Tell::give_back) return state != DeviceState::returning;
    return is_in_flight(state) && state != DeviceState::cancelling;
  });
  return taken;
}

// --- Orders of people ----------------------------------------------------------------------------------

Result<void> Campaign::order(Event event, std::string_view kind, const std::string& who,
                             const std::string& detail, std::int64_t now) {
  STRATUS_TRY(to, next_state(header_.state, event));
  header_.state = to;
  if (is_final(to)) header_.finished_ms = now;
  if (!is_final(to)) header_.finished_ms = 0;
  note(kind, who, detail, now);
  return {};
}

Result<void> Campaign::submit(const std::string& who, std::int64_t now) {
  if (spec_.expires_ms <= now) return fail(ErrorCode::conflict, "the deadline has passed");
  const Event event = spec_.approval ? Event::submitted_for_approval : Event::submitted;
  return order(event, spec_.approval ? "approval_asked" : "submitted", who, "", now);
}

Result<void> Campaign::approve(const Person& who, std::int64_t now) {
  STRATUS_CHECK(next_state(header_.state, Event::approved));
  if (header_.author_person.empty())
    return fail(ErrorCode::denied, "it is not known any more who made it; reject it and make a new rollout");
  if (who.id == header_.author_person)
    return fail(ErrorCode::denied, "a rollout is approved by another person than its author");
  header_.approver = who.label;
  return order(Event::approved, "approved", who.label, "", now);
}

Result<void> Campaign::reject(const std::string& who, const std::string& why, std::int64_t now) {
  STRATUS_CHECK(order(Event::rejected, "rejected", who, why, now));
  header_.cause = why.empty() ? "rejected" : "rejected: " + why;
  for (Device& device : devices_) cancel_device(device, "the rollout was rejected", now);
  return {};
}

Result<void> Campaign::pause(const std::string& who, const std::string& why, std::int64_t now) {
  STRATUS_CHECK(order(Event::pause, "pause", who, why, now));
  header_.cause = why.empty() ? "paused by " + who : fmt::format("paused by {}: {}", who, why);
  for (const std::uint32_t index : flying_) {
    if (devices_[index].state == DeviceState::requested)
      move(devices_[index], DeviceEvent::pull_back, now, "");
  }
  return {};
}

Result<void> Campaign::resume(const std::string& who, std::int64_t now) {
  std::uint32_t accepted = 0;
  STRATUS_CHECK(order(Event::resume, "resume", who, "", now));
  header_.cause.clear();
  for (std::size_t wave = 0; wave < counts_.size(); ++wave) {
    if (!judge(wave).failed) continue;
    accepted += counts_[wave].failures() - std::min(header_.waves[wave].accepted, counts_[wave].failures());
    header_.waves[wave].accepted = counts_[wave].failures();
  }
  if (accepted > 0)
    note("failures_accepted", who, fmt::format("{} failed devices count no more", accepted), now);
  return {};
}

Result<void> Campaign::abort(const std::string& who, const std::string& why, bool give_back, std::int64_t now,
                             const IsBusy& is_busy) {
  if (header_.state == State::completed && !give_back)
    return fail(ErrorCode::conflict, "it is over; all that is left is to send updated devices back");
  // Only what this rollout did is taken back; a device without an attempt got it by other means.
  const auto is_ours = [&](const Device& device) {
    return device.state == DeviceState::success && device.attempt > 0 && !is_busy(device.id);
  };
  const auto may_return = [&](const Device& device) {
    const std::span<const Before> done(device.before.data(), device.content + std::size_t(1));
    return is_ours(device) &&
           std::any_of(done.begin(), done.end(), [](const Before& one) { return !one.digest.empty(); });
  };
  if (header_.state == State::completed && std::none_of(devices_.begin(), devices_.end(), may_return)) {
    return fail(ErrorCode::conflict,
                "it is over, and no device can be sent back: none was updated by it and has got nothing else "
                "since, or nothing is known of what they ran before");
  }
  STRATUS_CHECK(order(Event::abort, "abort", who, why, now));
  header_.cause = why.empty() ? "aborted by " + who : fmt::format("aborted by {}: {}", who, why);
  header_.give_back = give_back;
  for (Device& device : devices_) {
    if (give_back && is_ours(device)) begin_return(device, now);
    cancel_device(device, "the rollout was aborted", now);
  }
  finish_if_closed(now);
  return {};
}

Result<Retried> Campaign::retry(const std::string& who, std::span<const std::string> only,
                                std::int64_t expires_ms, std::int64_t now) {
  STRATUS_CHECK(next_state(header_.state, Event::retry));
  if (spec_.approval && header_.approver.empty())
    return fail(ErrorCode::conflict, "it was never approved; make a new rollout");
  const std::int64_t expires = std::max(expires_ms, spec_.expires_ms);
  if (expires <= now)
    return fail(ErrorCode::conflict, "the rollout's deadline has passed; give a later one with the retry");
  std::vector<Device*> chosen;
  for (const std::string& id : only) {
    if (Device* const device = at(id)) chosen.push_back(device);
  }
  if (only.empty()) {
    for (Device& device : devices_) chosen.push_back(&device);
  }
  std::sort(chosen.begin(), chosen.end());
  chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
  std::erase_if(chosen, [](const Device* device) { return !is_failure(device->state); });
  if (chosen.empty()) return fail(ErrorCode::conflict, "none of these devices has failed");
  Retried retried;
  // A row of before, or of an older agent, looks as if it refused: who names it knows better.
  if (only.empty())
    retried.left_out = static_cast<std::uint32_t>(
        std::erase_if(chosen, [](const Device* device) { return refuses(*device); }));
  retried.devices = static_cast<std::uint32_t>(chosen.size());
  if (chosen.empty())
    return fail(ErrorCode::conflict,
                "all of them went back from this release and refuse it; publish a new version, or name the "
                "devices to try them all the same");
  STRATUS_CHECK(order(Event::retry, "retry", who,
                      retried.left_out == 0
                          ? fmt::format("{} devices", retried.devices)
                          : fmt::format("{} devices, {} left out: they went back and refuse it",
                                        retried.devices, retried.left_out),
                      now));
  header_.retried = retried;
  spec_.expires_ms = expires;
  if (header_.state != State::paused) header_.cause.clear();  // it said how the rollout had ended
  for (Device* const device : chosen) {
    // One that went back and takes it again later on is not called before.
    const bool rests = device->state == DeviceState::rolled_back && device->not_before_ms > now;
    const bool refused = refuses(*device);
    if (!move(*device, DeviceEvent::retry, now, rests ? device->cause : "")) continue;
    header_.refusing -= refused ? 1U : 0U;
    device->attempt = 0;
    if (!rests) device->not_before_ms = 0;
  }
  for (std::size_t wave = 0; wave < counts_.size(); ++wave)
    header_.waves[wave].accepted = std::min(header_.waves[wave].accepted, counts_[wave].failures());
  return retried;
}

Result<std::uint32_t> Campaign::cancel(const std::string& who, std::span<const std::string> devices,
                                       std::int64_t now) {
  if (is_final(header_.state)) return fail(ErrorCode::conflict, "the rollout is over");
  std::uint32_t open = 0;
  for (const std::string& id : devices) {
    Device* const device = at(id);
    if (device == nullptr) return fail(ErrorCode::not_found, id + " takes no part in this rollout");
    open += is_closed(device->state) || device->state == DeviceState::cancelling ? 0U : 1U;
  }
  for (const std::string& id : devices) cancel_device(*at(id), "taken out by " + who, now);
  note("cancel", who, fmt::format("{} devices taken out", open), now);
  finish_if_closed(now);
  return open;
}

Result<bool> Campaign::advance(const Person& who, std::int64_t now) {
  if (header_.state != State::running)
    return fail(ErrorCode::conflict, fmt::format("the rollout is {}, not running", name_of(header_.state)));
  if (header_.wave + 1 >= static_cast<int>(spec_.waves.size()))
    return fail(ErrorCode::conflict, "the last wave is open already");
  if (header_.advance_asked_person.empty() || header_.advance_asked_person == who.id) {
    header_.advance_asked_by = who.label;
    header_.advance_asked_person = who.id;
    note("advance_asked", who.label, "a second person has to ask for the same", now);
    return false;
  }
  note("advance", who.label, "together with " + header_.advance_asked_by, now);
  open_wave(now);
  return true;
}

}  // namespace stratus::rollout
