// The bodies of the rollout routes (api/schemas/rollouts.yaml). Pure.
#pragma once

#include <string>
#include <vector>

#include <boost/json/fwd.hpp>

#include "stratus/db/rollouts.hpp"
#include "stratus/rollout/campaign.hpp"
#include "stratus/rollout/estimate.hpp"

namespace stratus::server {

// A rollout from its row: header, counts and waves; with its spec when `whole`.
Result<std::string> encode_rollout(const db::RolloutRow& row, bool whole);
Result<std::string> encode_rollout_list(const std::vector<db::RolloutRow>& rows, const std::string& next);

struct ExplainedDevice {
  db::RolloutDeviceRow row;
  std::string why;  // it is not further
};
std::string encode_rollout_devices(const std::vector<ExplainedDevice>& devices, const std::string& next);
std::string encode_rollout_exclusions(const std::vector<db::RolloutExclusionRow>& rows,
                                      const std::string& next);
std::string encode_rollout_events(const std::vector<db::RolloutEventRow>& rows);
std::string encode_rollout_history(const std::vector<db::RolloutHistoryRow>& rows);
// {"per_device": [...], "devices", "gateways", "upstream", "full_images"} in bytes.
boost::json::object describe_estimate(const rollout::Estimate& estimate);
// A dry run.
std::string encode_rollout_plan(const rollout::Spec& spec, const rollout::Plan& plan,
                                const rollout::Estimate& estimate);

std::string encode_rollout_audit(const db::RolloutEventRow& event);
// For the event stream.
std::string encode_rollout_news(const db::RolloutRow& row);
std::string encode_rollout_device_news(const std::string& rollout, const rollout::Device& device);

}  // namespace stratus::server
