#include "stratus/server/artifact_guard.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "stratus/wire/update_kind.hpp"

namespace stratus::server {

Result<void> hold_content(db::Transaction& transaction, const rollout::Content& content) {
  const std::string digest = content.digest.text();
  Result<db::Rows> held;
  switch (wire::update_kind_of(content.name)) {
    case wire::UpdateKind::container:
      held = transaction.run(
          "UPDATE releases SET digest = digest WHERE name = $1 AND version = $2 AND "
          "digest = $3",
          {content.name, content.version, digest});
      break;
    case wire::UpdateKind::firmware:
      held = transaction.run(
          "UPDATE firmware SET manifest = manifest WHERE name = $1 AND version = $2 AND "
          "manifest = $3",
          {content.name.substr(wire::kFirmwarePrefix.size()), content.version, digest});
      break;
    case wire::UpdateKind::content:
      held = transaction.run("UPDATE contents SET manifest = manifest WHERE id = $1 AND manifest = $2",
                             {content.version, digest});
      break;
  }
  if (!held) return fail(std::move(held.error()));
  if (held->affected() == 1) return {};
  return fail(
      ErrorCode::conflict,
      fmt::format("{}:{} was removed meanwhile; plan the rollout again", content.name, content.version),
      "release_removed");
}

std::vector<rollout::Content> given_back(const rollout::Campaign& campaign,
                                         const rollout::Campaign::IsBusy& stays) {
  std::vector<rollout::Content> found;
  for (const rollout::Device& device : campaign.devices()) {
    if (device.state != rollout::DeviceState::success || device.attempt == 0 || stays(device.id)) continue;
    for (std::size_t i = 0; i < device.before.size(); ++i) {
      const rollout::Before& before = device.before[i];
      if (before.digest.empty() || before.version.empty()) continue;
      const std::string& name = campaign.spec().contents[i].name;
      const bool known = std::any_of(found.begin(), found.end(), [&](const rollout::Content& one) {
        return one.name == name && one.digest == before.digest && one.version == before.version;
      });
      if (!known) found.push_back({name, before.version, before.digest});
    }
  }
  return found;
}

}  // namespace stratus::server
