#include "stratus/server/rollout_json.hpp"

#include <boost/json.hpp>

#include "stratus/base/clock.hpp"
#include "stratus/rollout/records.hpp"

namespace stratus::server {
namespace {

namespace json = boost::json;
using rollout::Counts;
using rollout::DeviceState;

constexpr std::size_t kSample = 20;  // devices that a dry run names per wave
constexpr std::size_t kMostGateways = 1'000;

json::string text(std::string_view value) { return json::string(value); }

void put_time(json::object& object, const char* key, std::int64_t ms) {
  if (ms > 0) object[key] = text(format_time_ms(ms));
}

void put_text(json::object& object, const char* key, const std::string& value) {
  if (!value.empty()) object[key] = value;
}

json::object describe(const Counts& counts) {
  json::object object{{"total", counts.total()}, {"open", counts.open()}, {"closed", counts.closed()}};
  for (std::size_t i = 0; i < rollout::kDeviceStates; ++i)
    object[name_of(static_cast<DeviceState>(i))] = counts.of[i];
  return object;
}

// At the pace of the devices that closed so far, as of the last change; 0 while that says nothing.
std::int64_t eta_ms(const db::RolloutRow& row, const rollout::Header& header, const Counts& counts) {
  const std::int64_t took = row.changed_ms - header.started_ms;
  if (row.state != "running" || header.started_ms == 0 || counts.closed() == 0 || counts.open() == 0)
    return 0;
  return row.changed_ms + took * counts.open() / counts.closed();
}

json::object summary(const db::RolloutRow& row, const rollout::Header& header,
                     const std::vector<Counts>& waves) {
  Counts sum;
  for (const Counts& wave : waves) {
    for (std::size_t i = 0; i < rollout::kDeviceStates; ++i) sum.of[i] += wave.of[i];
  }
  json::object object{{"id", row.id},
                      {"title", row.title},
                      {"state", row.state},
                      {"author", row.author},
                      {"wave", header.wave + 1},
                      {"waves_total", waves.size()},
                      {"percent", sum.percent_closed()},
                      {"counts", describe(sum)},
                      {"refusing", header.refusing},
                      {"revision", row.revision}};
  put_text(object, "cause", header.cause);
  put_text(object, "approver", header.approver);
  put_text(object, "advance_asked_by", header.advance_asked_by);
  put_time(object, "created_at", row.created_ms);
  put_time(object, "changed_at", row.changed_ms);
  put_time(object, "started_at", header.started_ms);
  put_time(object, "finished_at", header.finished_ms);
  put_time(object, "eta", eta_ms(row, header, sum));
  return object;
}

Result<json::object> describe(const db::RolloutRow& row, bool whole) {
  STRATUS_TRY(header, rollout::parse_header(row.header));
  STRATUS_TRY(waves, rollout::parse_counts(row.header));
  json::object object = summary(row, header, waves);
  STRATUS_TRY(spec, rollout::parse_spec_text(row.spec));
  json::array contents;
  for (const rollout::Content& content : spec.contents) {
    contents.push_back(json::object{
        {"name", content.name}, {"version", content.version}, {"digest", content.digest.text()}});
  }
  object["contents"] = std::move(contents);
  put_time(object, "start_at", spec.start_ms);
  put_time(object, "expires_at", spec.expires_ms);
  if (!whole) return object;
  object["spec"] = rollout::encode_spec(spec);
  if (header.retried != rollout::Retried())
    object["retried"] = {{"devices", header.retried.devices}, {"left_out", header.retried.left_out}};
  json::array described;
  for (std::size_t i = 0; i < waves.size() && i < header.waves.size(); ++i) {
    const rollout::WaveRecord& record = header.waves[i];
    json::object wave{{"number", i + 1},
                      {"devices", waves[i].total()},
                      {"percent", waves[i].percent_closed()},
                      {"counts", describe(waves[i])},
                      {"accepted_failures", record.accepted}};
    put_time(wave, "opened_at", record.opened_ms);
    put_time(wave, "settled_at", record.settled_ms);
    put_time(wave, "passed_at", record.passed_ms);
    described.push_back(std::move(wave));
  }
  object["waves"] = std::move(described);
  return object;
}

json::object with_next(json::array items, const std::string& next) {
  json::object object{{"items", std::move(items)}};
  put_text(object, "next", next);
  return object;
}

}  // namespace

Result<std::string> encode_rollout(const db::RolloutRow& row, bool whole) {
  STRATUS_TRY(object, describe(row, whole));
  return json::serialize(object);
}

Result<std::string> encode_rollout_list(const std::vector<db::RolloutRow>& rows, const std::string& next) {
  json::array items;
  for (const db::RolloutRow& row : rows) {
    STRATUS_TRY(object, describe(row, false));
    items.push_back(std::move(object));
  }
  return json::serialize(with_next(std::move(items), next));
}

std::string encode_rollout_devices(const std::vector<ExplainedDevice>& devices, const std::string& next) {
  json::array items;
  for (const ExplainedDevice& one : devices) {
    const db::RolloutDeviceRow& row = one.row;
    json::object object{{"device", row.device},   {"state", row.state},     {"wave", row.wave + 1},
                        {"content", row.content}, {"attempt", row.attempt}, {"percent", row.percent},
                        {"bytes", row.bytes}};
    put_text(object, "cause", row.cause);
    if (one.why != row.cause) put_text(object, "why", one.why);
    put_time(object, "started_at", row.started_ms);
    put_time(object, "changed_at", row.changed_ms);
    put_time(object, "not_before", row.not_before_ms);
    items.push_back(std::move(object));
  }
  return json::serialize(with_next(std::move(items), next));
}

std::string encode_rollout_exclusions(const std::vector<db::RolloutExclusionRow>& rows,
                                      const std::string& next) {
  json::array items;
  for (const db::RolloutExclusionRow& row : rows)
    items.push_back(json::object{{"device", row.device}, {"reason", row.reason}, {"detail", row.detail}});
  return json::serialize(with_next(std::move(items), next));
}

std::string encode_rollout_events(const std::vector<db::RolloutEventRow>& rows) {
  json::array items;
  for (const db::RolloutEventRow& row : rows) {
    json::object object{{"number", row.number}, {"kind", row.kind}};
    put_time(object, "at", row.at_ms);
    put_text(object, "who", row.who);
    put_text(object, "detail", row.detail);
    items.push_back(std::move(object));
  }
  return json::serialize(with_next(std::move(items), ""));
}

std::string encode_rollout_audit(const db::RolloutEventRow& event) {
  json::object object;
  put_text(object, "detail", event.detail);
  return json::serialize(object);
}

std::string encode_rollout_history(const std::vector<db::RolloutHistoryRow>& rows) {
  json::array items;
  for (const db::RolloutHistoryRow& row : rows) {
    json::object object{{"rollout", row.rollout}, {"name", row.name},       {"version", row.version},
                        {"digest", row.digest},   {"outcome", row.outcome}, {"attempt", row.attempt},
                        {"bytes", row.bytes}};
    put_text(object, "cause", row.cause);
    put_text(object, "from_version", row.prior_version);
    put_text(object, "from_digest", row.prior_digest);
    put_time(object, "started_at", row.started_ms);
    put_time(object, "ended_at", row.ended_ms);
    items.push_back(std::move(object));
  }
  return json::serialize(with_next(std::move(items), ""));
}

json::object describe_estimate(const rollout::Estimate& estimate) {
  json::array kinds;
  for (const rollout::Estimate::Kind& kind : estimate.kinds) {
    json::object object{{"name", kind.name},
                        {"from_version", kind.from_version},
                        {"devices", kind.devices},
                        {"bytes", kind.bytes},
                        {"full_bytes", kind.full_bytes},
                        {"plan", kind.plan},
                        {"layers_reused", kind.layers_reused}};
    kinds.push_back(std::move(object));
  }
  std::vector<rollout::Estimate::Gateway> most = estimate.gateways;
  std::stable_sort(most.begin(), most.end(),
                   [](const auto& one, const auto& other) { return one.bytes > other.bytes; });
  json::array gateways;
  for (const rollout::Estimate::Gateway& one : most) {
    if (gateways.size() == kMostGateways) break;
    gateways.push_back(json::object{{"gateway", one.name}, {"devices", one.devices}, {"bytes", one.bytes}});
  }
  return {{"per_device", std::move(kinds)},      {"per_gateway", std::move(gateways)},
          {"devices", estimate.device_bytes},    {"gateways", estimate.gateway_bytes},
          {"upstream", estimate.upstream_bytes}, {"full_images", estimate.full_bytes}};
}

std::string encode_rollout_plan(const rollout::Spec& spec, const rollout::Plan& plan,
                                const rollout::Estimate& estimate) {
  json::array waves;
  for (std::size_t wave = 0; wave < plan.wave_sizes.size(); ++wave) {
    json::array sample;
    for (const rollout::Member& member : plan.members) {
      if (member.wave == wave && sample.size() < kSample) sample.push_back(text(member.id));
    }
    waves.push_back(json::object{
        {"number", wave + 1}, {"devices", plan.wave_sizes[wave]}, {"sample", std::move(sample)}});
  }
  json::object reasons;
  for (const rollout::Exclusion& one : plan.exclusions) {
    json::value& count = reasons[name_of(one.reason)];
    count = (count.is_int64() ? count.get_int64() : 0) + 1;
  }
  json::array exclusions;
  for (const rollout::Exclusion& one : plan.exclusions) {
    if (exclusions.size() >= 1000) break;
    exclusions.push_back(
        json::object{{"device", one.device}, {"reason", text(name_of(one.reason))}, {"detail", one.detail}});
  }
  json::object object{{"spec", rollout::encode_spec(spec)},   {"devices", plan.members.size()},
                      {"excluded", plan.exclusions.size()},   {"excluded_by_reason", std::move(reasons)},
                      {"exclusions", std::move(exclusions)},  {"waves", std::move(waves)},
                      {"bytes", describe_estimate(estimate)}, {"shortest_ms", estimate.shortest_ms}};
  if (estimate.expected_ms > 0) object["expected_ms"] = estimate.expected_ms;
  return json::serialize(object);
}

std::string encode_rollout_news(const db::RolloutRow& row) {
  const auto header = rollout::parse_header(row.header);
  const auto waves = rollout::parse_counts(row.header);
  if (!header || !waves) return "{}";
  return json::serialize(summary(row, *header, *waves));
}

std::string encode_rollout_device_news(const std::string& rollout, const rollout::Device& device) {
  json::object object{{"id", rollout},
                      {"device", device.id},
                      {"state", text(name_of(device.state))},
                      {"wave", device.wave + 1},
                      {"percent", device.percent}};
  put_text(object, "cause", device.cause);
  return json::serialize(object);
}

}  // namespace stratus::server
