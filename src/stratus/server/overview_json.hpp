// The body of GET /api/v1/overview (api/schemas/fleet.yaml). Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "stratus/base/digest.hpp"
#include "stratus/db/fleet_view.hpp"
#include "stratus/db/rollouts.hpp"

namespace stratus::server {

struct Alert {
  std::string code;      // a stable word, the table in docs/operations/alerts.md
  std::string severity;  // "warning", "error"
  std::int64_t count = 1;
  std::string object;  // "rollout:ID", …; "" for the fleet or the server
  std::string filter;  // of the devices that are meant; "" for none
  std::string detail;  // for people, in English
};

struct OverviewFacts {
  std::int64_t now_ms = 0;
  db::FleetHealth health;
  std::vector<db::ReleaseCount> spread;
  std::map<std::string, std::string> targets;  // name → digest
  std::vector<db::UpdateTotal> totals;
  std::int64_t totals_since_ms = 0;
  std::map<std::string, std::uint64_t> sizes;  // digest → bytes of the whole image; only known ones
  std::vector<db::RolloutRow> rollouts;        // those that are not over
  db::FleetAlarms alarms;
  std::int64_t gateways = 0, gateways_online = 0;
  std::int64_t gateway_received = 0, gateway_sent = 0;  // bytes, of all gateways since they are known
  std::vector<Alert> server;                            // what the server knows of itself
};

// The alerts that follow from the facts, worst first.
std::vector<Alert> find_alerts(const OverviewFacts& facts);
Result<std::string> encode_overview(const OverviewFacts& facts);

// What the updates moved, and what whole images would have.
struct MovedBytes {
  std::int64_t updates = 0;          // that brought a release of known size
  std::int64_t moved = 0;            // by all updates of such releases, those that failed too
  std::int64_t in_vain = 0;          // of `moved`: by updates that brought nothing
  std::int64_t full = 0;             // `updates` times the size of the whole image
  std::int64_t unsized_updates = 0;  // of releases that are not stored (any more): in no other number
};
MovedBytes moved_bytes(const std::vector<db::UpdateTotal>& totals,
                       const std::map<std::string, std::uint64_t>& sizes);

}  // namespace stratus::server
