#include "stratus/server/overview_json.hpp"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "stratus/base/clock.hpp"
#include "stratus/rollout/records.hpp"
#include "stratus/server/rollout_json.hpp"

namespace stratus::server {
namespace {

namespace json = boost::json;

// By its gate, not by a person.
bool is_halted(const db::RolloutRow& row, const rollout::Header& header) {
  return row.state == "paused" && header.cause.starts_with("gate ");
}

// What waits for somebody's decision first, a gate's halt before all; what only waits for its time last.
int urgency(const db::RolloutRow& row) {
  const auto header = rollout::parse_header(row.header);
  if (header && is_halted(row, *header)) return 0;
  if (row.state == "paused" || row.state == "approval") return 1;
  return row.state == "scheduled" ? 3 : 2;
}

void add_rollout_alert(const db::RolloutRow& row, std::vector<Alert>& alerts) {
  const auto header = rollout::parse_header(row.header);
  const auto waves = rollout::parse_counts(row.header);
  if (!header || !waves) return;
  std::int64_t failures = 0;
  for (const rollout::Counts& wave : *waves) failures += wave.failures();
  const bool halted = is_halted(row, *header);
  if (!halted && failures == 0) return;
  Alert alert;
  alert.code = halted ? "rollout_halted" : "rollout_failing";
  alert.severity = halted ? "error" : "warning";
  alert.count = failures;
  alert.object = "rollout:" + row.id;
  alert.detail = halted ? header->cause : fmt::format("{} devices failed", failures);
  alerts.push_back(std::move(alert));
}

json::object overview_part(const Alert& alert) {
  json::object object{
      {"code", alert.code}, {"severity", alert.severity}, {"count", alert.count}, {"detail", alert.detail}};
  if (!alert.object.empty()) object["object"] = alert.object;
  if (!alert.filter.empty()) object["filter"] = alert.filter;
  return object;
}

json::object overview_part(const db::FleetHealth& fleet) {
  return {{"total", fleet.devices},
          {"active", fleet.devices - fleet.inactive},
          {"inactive", fleet.inactive},
          {"health",
           {{"online", fleet.online},
            {"degraded", fleet.degraded},
            {"offline", fleet.offline},
            {"never", fleet.never}}},
          {"compliance",
           {{"on_target", fleet.on_target},
            {"behind", fleet.behind},
            {"failing", fleet.failing},
            {"none", fleet.none}}}};
}

json::array describe_spread(const OverviewFacts& facts) {
  json::array items;
  for (const db::ReleaseCount& one : facts.spread) {
    json::object item{{"name", one.name}, {"version", one.version}, {"devices", one.devices}};
    if (!one.digest.empty()) item["digest"] = one.digest;
    const auto target = facts.targets.find(one.name);
    item["is_target"] = target != facts.targets.end() && target->second == one.digest;
    items.push_back(std::move(item));
  }
  return items;
}

Result<json::object> describe_rollouts(const std::vector<db::RolloutRow>& rows) {
  constexpr std::size_t kShown = 20;
  json::object counts;
  for (const char* const state : {"approval", "scheduled", "running", "paused", "aborting"}) {
    counts[state] = std::count_if(rows.begin(), rows.end(),
                                  [&](const db::RolloutRow& row) { return row.state == state; });
  }
  std::vector<std::pair<int, const db::RolloutRow*>> order;  // newest first, as they came, where alike
  for (const db::RolloutRow& row : rows) order.emplace_back(urgency(row), &row);
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<db::RolloutRow> shown;
  for (std::size_t i = 0; i < std::min(order.size(), kShown); ++i) shown.push_back(*order[i].second);
  STRATUS_TRY(list, encode_rollout_list(shown, ""));
  return json::object{{"counts", std::move(counts)}, {"items", json::parse(list).at("items")}};
}

}  // namespace

MovedBytes moved_bytes(const std::vector<db::UpdateTotal>& totals,
                       const std::map<std::string, std::uint64_t>& sizes) {
  MovedBytes sum;
  for (const db::UpdateTotal& total : totals) {
    const auto size = sizes.find(total.digest);
    const bool brought = total.outcome == "committed";
    if (size == sizes.end()) {
      if (brought) sum.unsized_updates += total.updates;
      continue;
    }
    sum.moved += total.bytes;
    if (!brought) {
      sum.in_vain += total.bytes;
      continue;
    }
    sum.updates += total.updates;
    sum.full += total.updates * static_cast<std::int64_t>(size->second);
  }
  return sum;
}

std::vector<Alert> find_alerts(const OverviewFacts& facts) {
  std::vector<Alert> alerts = facts.server;
  const db::FleetAlarms& alarms = facts.alarms;
  const auto add = [&](std::int64_t count, const char* code, const char* severity, const char* filter,
                       const char* detail) {
    if (count > 0) alerts.push_back({code, severity, count, "", filter, detail});
  };
  add(alarms.certificates_expired, "certificates_expired", "error", "",
      "the only certificates of these devices are over");
  add(alarms.certificates_expiring, "certificates_expiring", "warning", "",
      "these devices have not renewed their certificates in time");
  add(facts.health.failing, "target_failing", "error", "compliance=failing",
      "devices tried their target and went back or failed");
  add(alarms.updates_failed, "updates_failed", "warning", "state=failed,rolled_back",
      "updates that failed or were rolled back within 24 hours");
  add(alarms.error_logs, "device_errors", "warning", "",
      "error messages of devices within 24 hours, counted up to 10,000");
  add(facts.gateways - facts.gateways_online, "gateways_away", "warning", "",
      "gateways that have not been heard of for three of their intervals");
  for (const db::RolloutRow& row : facts.rollouts) add_rollout_alert(row, alerts);
  std::stable_sort(alerts.begin(), alerts.end(), [](const Alert& a, const Alert& b) {
    return a.severity == "error" && b.severity != "error";
  });
  return alerts;
}

Result<std::string> encode_overview(const OverviewFacts& facts) {
  STRATUS_TRY(rollouts, describe_rollouts(facts.rollouts));
  const MovedBytes bytes = moved_bytes(facts.totals, facts.sizes);
  json::array alerts;
  for (const Alert& alert : find_alerts(facts)) alerts.push_back(overview_part(alert));
  const json::object body{{"at", format_time_ms(facts.now_ms)},
                          {"devices", overview_part(facts.health)},
                          {"releases", describe_spread(facts)},
                          {"rollouts", std::move(rollouts)},
                          {"bytes",
                           {{"since", format_time_ms(facts.totals_since_ms)},
                            {"updates", bytes.updates},
                            {"moved", bytes.moved},
                            {"moved_in_vain", bytes.in_vain},
                            {"full_images", bytes.full},
                            {"unsized_updates", bytes.unsized_updates},
                            {"gateways_received", facts.gateway_received},
                            {"gateways_sent", facts.gateway_sent}}},
                          {"gateways", {{"total", facts.gateways}, {"online", facts.gateways_online}}},
                          {"alerts", std::move(alerts)}};
  return json::serialize(body);
}

}  // namespace stratus::server
