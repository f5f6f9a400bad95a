#include "stratus/server/device_why_route.hpp"

#include <boost/json.hpp>

#include "stratus/db/devices.hpp"
#include "stratus/db/fleet_view.hpp"
#include "stratus/db/identity.hpp"

namespace stratus::server {

namespace json = boost::json;

void DeviceWhy::register_routes(Router& router) {
  router.add("GET", "/api/v1/devices/{id}/why", Scope::devices_read,
             [this](Call& call) { return show(call); });
}

Result<WhyFacts> DeviceWhy::read(const std::string& id) const {
  WhyFacts facts;
  facts.now_ms = now_ms();
  const auto device = db::find_device(database_, id);
  facts.known = device.has_value();
  if (!device && device.error().code() != ErrorCode::not_found) return fail(device.error());
  if (!device) return facts;
  facts.active = device->active;
  facts.last_seen_ms = device->reported.last_seen_ms;
  facts.follows = device->reported.name;
  facts.running = Digest::parse(device->reported.running).value_or(Digest());
  facts.running_version = device->reported.running_version;
  facts.last_state = device->reported.state;
  facts.last_reason = device->reported.reason;
  facts.last_target = Digest::parse(device->reported.target).value_or(Digest());
  STRATUS_TRY(health, db::health_of(database_, id, facts.now_ms));
  facts.health = health;
  STRATUS_TRY(certificates, db::certificates_of(database_, id, db::kMaxActiveCertificates));
  for (const db::Certificate& one : certificates) {
    if (one.state == "active" && one.not_after_ms > facts.certificate_ends_ms.value_or(0))
      facts.certificate_ends_ms = one.not_after_ms;
  }
  return facts;
}

void DeviceWhy::add_target(const std::string& device, WhyFacts& facts) const {
  for (const rollout::Campaign* const campaign : rollouts_.covering(device)) {
    const rollout::Device* const row = campaign->find(device);
    const rollout::Content& content = campaign->spec().contents[row->content];
    if (row->state == rollout::DeviceState::success || row->state == rollout::DeviceState::cancelled)
      continue;
    // Of several, the one that has it under way explains more than those that wait.
    if (facts.rollout && !rollout::is_in_flight(row->state)) continue;
    WhyRollout it;
    it.id = campaign->header().id;
    it.title = campaign->spec().title;
    it.state = campaign->header().state;
    it.cause = campaign->header().cause;
    it.device = row->state;
    it.wave = row->wave + 1;
    it.open_wave = static_cast<std::uint32_t>(campaign->header().wave + 1);
    it.attempt = row->attempt;
    it.attempts = campaign->spec().retries + 1;
    it.window_open = campaign->window_open(*row, facts.now_ms);
    const std::string holder = rollouts_.holder(device);
    it.busy = !holder.empty() && holder != it.id;
    it.not_before_ms = row->not_before_ms;
    it.waits_for_deltas = rollouts_.waits_for_deltas(it.id);
    facts.wanted = content.digest;
    facts.wanted_version = content.version;
    facts.wanted_by_rollout = true;
    if (facts.follows.empty()) facts.follows = content.name;
    // Of several contents the device names one as what it runs; the others are judged by their state.
    if (content.name != facts.follows) facts.running = row->before[row->content].digest;
    facts.rollout = std::move(it);
  }
  if (facts.rollout || facts.follows.empty()) return;
  if (const auto standing = rollouts_.assigned(device, facts.follows)) {
    facts.wanted = standing->digest;
    facts.wanted_version = standing->version;
    facts.wanted_by_rollout = true;
    return;
  }
  const auto target = releases_.target(facts.follows);
  if (!target) return;
  facts.wanted = Digest::parse(target->digest).value_or(Digest());
  facts.wanted_version = target->version;
}

net::Task<Result<void>> DeviceWhy::add_compatibility(std::string device, WhyFacts& facts) {
  if (facts.wanted.empty()) co_return Result<void>();
  rollout::Spec spec;
  spec.contents.push_back({facts.follows, facts.wanted_version, facts.wanted});
  spec.targets.devices.push_back(device);
  auto requirement = co_await releases_.requirement(facts.follows, facts.wanted);
  if (!requirement) {
    facts.incompatible = "the release cannot be read: " + requirement.error().text();
    co_return Result<void>();
  }
  const std::vector<rollout::Requirement> requirements{*requirement};
  auto resolve = [&] { return fleet_.resolve(spec.targets); };
  auto candidates = co_await pool_.run(resolve);
  if (!candidates) co_return forward_error(std::move(candidates));
  rollout::Member member;
  rollout::Exclusion exclusion;
  using rollout::Reason;
  for (const rollout::Candidate& candidate : *candidates) {
    if (rollout::admit(spec, requirements, candidate, member, exclusion)) continue;
    if (exclusion.reason == Reason::architecture || exclusion.reason == Reason::device_class ||
        exclusion.reason == Reason::other_image)
      facts.incompatible = exclusion.detail;
  }
  co_return Result<void>();
}

net::Task<Result<void>> DeviceWhy::show(Call& call) {
  const std::string device = call.parameter("id");
  co_await sightings_.flush();
  auto find = [&] { return read(device); };
  auto facts = co_await pool_.run(find);
  if (!facts) co_return forward_error(std::move(facts));
  if (!facts->known) co_return fail(ErrorCode::not_found, "no device " + device);
  facts->identity_required = identity_.config().mode == IdentityMode::required;
  facts->enrolled = identity_.is_enrolled(device);
  facts->revoked = identity_.is_revoked(device);
  add_target(device, *facts);
  auto compatible = co_await add_compatibility(device, *facts);
  if (!compatible) co_return compatible;
  const Why why = explain_device(*facts);
  json::array steps;
  for (const WhyStep& step : why.steps)
    steps.push_back(
        json::object{{"code", json::string(name_of(step.code))}, {"ok", step.ok}, {"detail", step.detail}});
  json::object body{{"device", device}, {"updated", why.updated}, {"steps", std::move(steps)}};
  if (const WhyStep* const step = why.blocker(); step != nullptr && !why.updated)
    body["answer"] = json::string(name_of(step->code));
  if (facts->rollout) body["rollout"] = facts->rollout->id;
  if (!facts->wanted.empty())
    body["wanted"] = {
        {"name", facts->follows}, {"version", facts->wanted_version}, {"digest", facts->wanted.text()}};
  const std::string text = json::serialize(body);
  co_return co_await call.respond_json(200, text);
}

}  // namespace stratus::server
