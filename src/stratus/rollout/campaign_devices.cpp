// What a campaign makes of its devices' news.
#include <algorithm>

#include <fmt/format.h>

#include "stratus/rollout/campaign.hpp"

namespace stratus::rollout {

bool Campaign::move(Device& device, DeviceEvent event, std::int64_t now, const std::string& cause) {
  const auto to = next_state(device.state, event);
  if (!to) return false;
  const bool differs = *to != device.state;
  --counts_[device.wave][device.state];
  ++counts_[device.wave][*to];
  if (const auto index = static_cast<std::uint32_t>(&device - devices_.data());
      is_in_flight(*to) && !listed_[index]) {
    listed_[index] = true;
    flying_.push_back(index);
  }
  if (*to == DeviceState::waiting) queue_stale_ = true;
  device.state = *to;
  device.cause = cause;
  if (differs) device.changed_ms = now;
  if (event == DeviceEvent::request) {
    ++device.attempt;
    device.started_ms = now;
    tell(device, Tell::request);
  }
  if (event == DeviceEvent::pull_back && device.attempt > 0) --device.attempt;  // it never began
  if (event == DeviceEvent::give_back) tell(device, Tell::give_back);
  if (*to == DeviceState::success || *to == DeviceState::returned) device.percent = 100;
  if (*to == DeviceState::waiting || *to == DeviceState::requested) device.percent = 0;
  changes_.header = true;  // it holds the counts
  touch(device);
  return true;
}

std::optional<Assignment> Campaign::assignment(const Device& device) const {
  using enum DeviceState;
  const Content& content = spec_.contents[device.content];
  if (device.state == requested || device.state == downloading || device.state == installing)
    return Assignment{content.name, content.version, content.digest};
  const Before& before = device.before[device.content];
  if (device.state == returning) return Assignment{content.name, before.version, before.digest};
  return std::nullopt;
}

void Campaign::end_content(const Device& device, DeviceState outcome, std::int64_t now, bool stands) {
  const Content& content = spec_.contents[device.content];
  Ending ending;
  ending.device = device.id;
  ending.content = device.content;
  ending.attempt = device.attempt;
  ending.outcome = outcome;
  ending.cause = device.cause;
  ending.started_ms = device.started_ms;
  ending.ended_ms = now;
  ending.bytes = device.bytes;
  ending.before = device.before[device.content];
  ending.stands = stands;
  const bool back = outcome == DeviceState::returned;
  ending.name = content.name;
  ending.version = back ? ending.before.version : content.version;
  ending.digest = back ? ending.before.digest : content.digest;
  changes_.endings.push_back(std::move(ending));
}

// The content under way runs on the device.
void Campaign::content_done(Device& device, std::int64_t now) {
  const bool last = device.content + 1U == spec_.contents.size();
  if (!last && is_closed(device.state)) return;         // too late for one of several
  if (!last && device.state == DeviceState::waiting) {  // by other means: the rest follows in its turn
    end_content(device, DeviceState::success, now, true);
    ++device.content;
    touch(device);
    return;
  }
  if (!last) {
    device.cause.clear();
    end_content(device, DeviceState::success, now, true);
    const bool stopping = device.state == DeviceState::cancelling;
    move(device, DeviceEvent::next_content, now, stopping ? "cancelled after one content was done" : "");
    if (stopping) return;
    ++device.content;
    if (header_.state == State::running)
      tell(device, Tell::request);
    else
      move(device, DeviceEvent::pull_back, now, "");  // paused: the next content has not begun
    return;
  }
  if (!move(device, DeviceEvent::succeeded, now, "")) return;
  end_content(device, DeviceState::success, now, true);
  if (header_.state == State::aborting && header_.give_back && device.attempt > 0) begin_return(device, now);
}

void Campaign::attempt_failed(Device& device, DeviceEvent event, const std::string& cause, std::int64_t now) {
  const bool may_retry = device.state != DeviceState::cancelling && event != DeviceEvent::rolled_back &&
                         device.attempt <= spec_.retries && !is_final(header_.state) &&
                         header_.state != State::aborting;
  const std::uint16_t attempt = device.attempt;
  if (may_retry &&
      move(device, DeviceEvent::retry_later, now, fmt::format("attempt {}: {}", attempt, cause))) {
    const unsigned doublings = std::min<unsigned>(attempt == 0 ? 0 : attempt - 1U, 10U);
    device.not_before_ms = now + (spec_.retry_delay_ms << doublings);
    end_content(device, event == DeviceEvent::timed_out ? DeviceState::timeout : DeviceState::failed, now,
                false);
    return;
  }
  if (move(device, event, now, cause)) end_content(device, device.state, now, false);
}

void Campaign::went_back(Device& device, std::optional<std::uint64_t> retry_after_ms, std::int64_t now) {
  constexpr std::uint64_t kLongest = 24ULL * 3'600'000;  // ms; no device rests for longer
  device.not_before_ms =
      retry_after_ms ? now + static_cast<std::int64_t>(std::min(*retry_after_ms, kLongest)) : 0;
  header_.refusing += refuses(device) ? 1U : 0U;
}

bool Campaign::pick_return(Device& device, int from) {
  for (int content = from - 1; content >= 0; --content) {
    if (device.before[static_cast<std::size_t>(content)].digest.empty()) continue;
    device.content = static_cast<std::uint16_t>(content);
    return true;
  }
  return false;
}

void Campaign::begin_return(Device& device, std::int64_t now) {
  if (!pick_return(device, device.content + 1)) {
    device.cause = "stays: nothing is known of what it ran before";
    touch(device);
    return;
  }
  move(device, DeviceEvent::give_back, now, "");
  device.started_ms = now;
}

void Campaign::cancel_device(Device& device, const std::string& cause, std::int64_t now) {
  const DeviceState from = device.state;
  if (!move(device, DeviceEvent::cancel, now, cause)) return;
  if (from == DeviceState::waiting) return;  // nothing had begun
  tell(device, Tell::cancel);
  if (is_closed(device.state)) end_content(device, device.state, now, false);
}

bool Campaign::news(std::string_view id, const DeviceNews& news, std::int64_t now) {
  Device* const found = at(id);
  if (found == nullptr || is_final(header_.state) || header_.state == State::draft) return false;
  Device& device = *found;
  if (news.sequence >= 0 && news.sequence == device.sequence) return false;
  const bool returns = device.state == DeviceState::returning;
  const Digest& expected =
      returns ? device.before[device.content].digest : spec_.contents[device.content].digest;
  const bool about_this = news.about == expected;
  if (!about_this && news.event != DeviceEvent::cancel_acked) return false;
  const DeviceState before = device.state;
  const std::size_t endings = changes_.endings.size();
  device.bytes = news.bytes > 0 ? news.bytes : device.bytes;
  switch (news.event) {
    case DeviceEvent::succeeded:
      if (returns) {
        end_content(device, DeviceState::returned, now, true);
        if (pick_return(device, device.content)) {
          tell(device, Tell::give_back);
          touch(device);
        } else {
          move(device, DeviceEvent::returned, now, "");
        }
      } else {
        content_done(device, now);
      }
      break;
    case DeviceEvent::failed:
    case DeviceEvent::rolled_back:
      if (returns) {
        if (move(device, DeviceEvent::return_failed, now, "the return failed: " + news.cause))
          end_content(device, device.state, now, false);
      } else {
        attempt_failed(device, news.event, news.cause, now);
        if (device.state != before && device.state == DeviceState::rolled_back)
          went_back(device, news.retry_after_ms, now);
      }
      break;
    case DeviceEvent::cancel_acked:
      if (returns) return false;  // it is about what went before
      [[fallthrough]];
    case DeviceEvent::stopped:
      if (returns) {
        if (move(device, DeviceEvent::return_failed, now, "the return was cancelled on the device"))
          end_content(device, device.state, now, false);
      } else if (move(device, news.event, now,
                      device.cause.empty() ? std::string("cancelled on the device") : device.cause)) {
        end_content(device, device.state, now, false);
      }
      break;
    case DeviceEvent::told:
    case DeviceEvent::fetching:
    case DeviceEvent::installs: {
      const std::uint8_t percent = std::min<std::uint8_t>(news.percent, 99);
      const bool further = percent != device.percent && news.event == DeviceEvent::fetching;
      const auto to = next_state(device.state, news.event);
      if (!to || (*to == device.state && !further)) return false;
      move(device, news.event, now, "");
      if (news.event == DeviceEvent::fetching) device.percent = percent;
      break;
    }
    default:
      return false;
  }
  const bool changed =
      device.state != before || changes_.endings.size() != endings || news.event == DeviceEvent::fetching;
  if (changed && news.sequence >= 0) {
    device.sequence = news.sequence;
    touch(device);
  }
  return changed;
}

std::uint32_t Campaign::join(std::span<const Member> members, std::int64_t now) {
  if (!takes_joining() || header_.state == State::aborting) return 0;
  std::uint32_t joined = 0;
  for (const Member& member : members) {
    if (index_.contains(member.id)) continue;
    Device device;
    device.id = member.id;
    device.wave = static_cast<std::uint32_t>(std::max(header_.wave, 0));
    device.zone = member.zone;
    device.changed_ms = now;
    device.before = member.before;
    add_device(std::move(device));
    touch(devices_.back());
    ++joined;
  }
  if (joined == 0) return 0;
  queue_stale_ = true;
  note("joined", "", fmt::format("{} devices", joined), now);
  return joined;
}

}  // namespace stratus::rollout
