#include "stratus/server/rollout_store.hpp"

#include <algorithm>

#include "stratus/rollout/records.hpp"

namespace stratus::server {
namespace {

constexpr std::int64_t kPage = 20'000;

std::string text_of(const Digest& digest) { return digest.empty() ? std::string() : digest.text(); }

Result<rollout::Device> device_of(const db::RolloutDeviceRow& row) {
  rollout::Device device;
  device.id = row.device;
  device.wave = static_cast<std::uint32_t>(row.wave);
  const auto state = rollout::device_state_named(row.state);
  if (!state) return fail(ErrorCode::corrupt, "device " + row.device + " is in no known state: " + row.state);
  device.state = *state;
  device.content = static_cast<std::uint16_t>(row.content);
  device.attempt = static_cast<std::uint16_t>(row.attempt);
  device.percent = static_cast<std::uint8_t>(row.percent);
  device.zone = row.zone;
  device.not_before_ms = row.not_before_ms;
  device.started_ms = row.started_ms;
  device.changed_ms = row.changed_ms;
  device.sequence = row.sequence;
  device.bytes = static_cast<std::uint64_t>(row.bytes);
  device.cause = row.cause;
  STRATUS_TRY(before, rollout::parse_before(row.prior));
  device.before = std::move(before);
  return device;
}

db::RolloutDeviceRow row_of(const rollout::Device& device, std::int64_t place) {
  db::RolloutDeviceRow row;
  row.device = device.id;
  row.place = place;
  row.wave = device.wave;
  row.state = name_of(device.state);
  row.content = device.content;
  row.attempt = device.attempt;
  row.percent = device.percent;
  row.zone = device.zone;
  row.not_before_ms = device.not_before_ms;
  row.started_ms = device.started_ms;
  row.changed_ms = device.changed_ms;
  row.sequence = device.sequence;
  row.bytes = static_cast<std::int64_t>(device.bytes);
  row.cause = device.cause;
  row.prior = rollout::encode_before(device.before);
  return row;
}

}  // namespace

db::RolloutSave save_of(const LiveRollout& live, const rollout::Changes& changes, std::int64_t now_ms) {
  const rollout::Campaign& campaign = *live.campaign;
  const rollout::Header& header = campaign.header();
  db::RolloutSave save;
  // It may name every device of the fleet, and is another one only after somebody's order.
  const bool ordered = std::any_of(changes.notes.begin(), changes.notes.end(),
                                   [](const rollout::Note& note) { return !note.who.empty(); });
  save.rollout = {header.id,
                  campaign.spec().title,
                  std::string(name_of(header.state)),
                  header.author,
                  live.revision == 0 || ordered ? rollout::encode_spec_text(campaign.spec()) : "",
                  rollout::encode_header(header, campaign.wave_counts()),
                  header.created_ms,
                  now_ms,
                  live.revision + 1};
  save.devices.reserve(changes.devices.size());
  for (const std::uint32_t index : changes.devices)
    save.devices.push_back(row_of(campaign.devices()[index], index));
  for (const rollout::Exclusion& one : live.exclusions)
    save.exclusions.push_back({one.device, std::string(name_of(one.reason)), one.detail});
  for (const rollout::Note& note : changes.notes)
    save.events.push_back({0, note.at_ms, note.kind, note.who, note.detail});
  save.claimed = changes.claimed;
  save.released = changes.released;
  for (const rollout::Ending& ending : changes.endings) {
    db::RolloutHistoryRow row;
    row.device = ending.device;
    row.rollout = header.id;
    row.content = ending.content;
    row.attempt = ending.attempt;
    row.outcome = name_of(ending.outcome);
    row.cause = ending.cause;
    row.name = ending.name;
    row.version = ending.version;
    row.digest = text_of(ending.digest);
    row.prior_version = ending.before.version;
    row.prior_digest = text_of(ending.before.digest);
    row.started_ms = ending.started_ms;
    row.ended_ms = ending.ended_ms;
    row.bytes = static_cast<std::int64_t>(ending.bytes);
    save.history.push_back(std::move(row));
    if (ending.stands && !ending.digest.empty()) {
      save.assignments.push_back(
          {ending.device, ending.name, ending.version, ending.digest.text(), header.id, ending.ended_ms});
    }
  }
  return save;
}

Result<LiveRollout> load_rollout(db::Reader& reader, const db::RolloutRow& row) {
  const auto state = rollout::state_named(row.state);
  if (!state) return fail(ErrorCode::corrupt, "rollout " + row.id + " is in no known state: " + row.state);
  STRATUS_TRY(spec, rollout::parse_spec_text(row.spec).with_context("rollout " + row.id));
  STRATUS_TRY(header, rollout::parse_header(row.header).with_context("rollout " + row.id));
  header.id = row.id;
  header.state = *state;
  header.author = row.author;
  std::vector<rollout::Device> devices;
  for (std::int64_t after = -1;;) {
    STRATUS_TRY(page, db::load_rollout_devices(reader, row.id, after, kPage));
    for (const db::RolloutDeviceRow& one : page) {
      STRATUS_TRY(device, device_of(one).with_context("rollout " + row.id));
      devices.push_back(std::move(device));
      after = one.place;
    }
    if (static_cast<std::int64_t>(page.size()) < kPage) break;
  }
  LiveRollout live;
  live.revision = row.revision;
  live.campaign = std::make_unique<rollout::Campaign>(std::move(header), std::move(spec), std::move(devices));
  return live;
}

}  // namespace stratus::server
