#include "stratus/server/overview.hpp"

#include "stratus/db/gateways.hpp"
#include "stratus/oci/manifest.hpp"

namespace stratus::server {
namespace {

constexpr std::int64_t kDay = 24LL * 3'600'000;
constexpr std::int64_t kMoved = 30 * kDay;  // what "bytes moved" looks back on
constexpr std::int64_t kSpreadLines = 200;  // lines of the spread
constexpr std::int64_t kRollouts = 1'000;   // all that may be live
constexpr std::size_t kMaxSizes = 100'000;

}  // namespace

void Overview::register_routes(Router& router) {
  router.add("GET", "/api/v1/overview", Scope::devices_read, [this](Call& call) { return show(call); });
}

net::Task<Result<void>> Overview::show(Call& call) {
  // Both are on the page; one answer is kept for everybody.
  if (!call.principal().may(Scope::rollouts_read))
    co_return fail(ErrorCode::denied, call.principal().label() + " lacks the permission rollouts:read");
  auto fresh = co_await refresh();
  if (!fresh) co_return fresh;
  co_return co_await call.respond_json(200, body_);
}

net::Task<Result<void>> Overview::refresh() {
  const SteadyTime begin = system_clock().steady();
  if (begin < fresh_until_) co_return Result<void>();
  co_await ports_.sightings.flush();
  OverviewFacts facts;
  facts.now_ms = now_ms();
  facts.server = ports_.server_alerts();
  for (const auto& [name, target] : ports_.releases.targets()) facts.targets[name] = target.digest;
  auto make = [&] { return read(facts); };
  auto body = co_await ports_.lists.run(make);
  if (!body) co_return forward_error(std::move(body));
  const SteadyTime end = system_clock().steady();
  body_ = std::move(*body);
  facts_ = std::move(facts);
  fresh_until_ = end + std::max<SteadyTime::duration>(std::chrono::seconds(1), 10 * (end - begin));
  co_return Result<void>();
}

void Overview::add_metrics(Metrics& metrics) const {
  if (body_.empty()) return;
  using enum Metrics::Kind;
  const auto number = [](std::int64_t value) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(value, 0));
  };
  const db::FleetHealth& fleet = facts_.health;
  constexpr std::string_view health = "Active devices by how they are.",
                             compliance = "Active devices by compliance.";
  constexpr std::string_view kHealth = "stratus_fleet_devices",
                             kCompliance = "stratus_fleet_compliance_devices";
  metrics.add(gauge, kHealth, health, number(fleet.online), {{"health", "online"}});
  metrics.add(gauge, kHealth, health, number(fleet.degraded), {{"health", "degraded"}});
  metrics.add(gauge, kHealth, health, number(fleet.offline), {{"health", "offline"}});
  metrics.add(gauge, kHealth, health, number(fleet.never), {{"health", "never"}});
  metrics.add(gauge, kCompliance, compliance, number(fleet.on_target), {{"compliance", "on_target"}});
  metrics.add(gauge, kCompliance, compliance, number(fleet.behind), {{"compliance", "behind"}});
  metrics.add(gauge, kCompliance, compliance, number(fleet.failing), {{"compliance", "failing"}});
  metrics.add(gauge, kCompliance, compliance, number(fleet.none), {{"compliance", "none"}});
  std::int64_t halted = 0;
  for (const Alert& alert : find_alerts(facts_)) halted += alert.code == "rollout_halted" ? 1 : 0;
  metrics.add(gauge, "stratus_rollouts", "Rollouts that are not over; halted: paused by a gate.",
              number(halted), {{"state", "halted"}});
  metrics.add(gauge, "stratus_rollouts", "",
              number(static_cast<std::int64_t>(facts_.rollouts.size()) - halted), {{"state", "other"}});
  constexpr std::string_view gateways = "Gateways that the server has heard of.";
  metrics.add(gauge, "stratus_gateways", gateways, number(facts_.gateways_online), {{"state", "online"}});
  metrics.add(gauge, "stratus_gateways", gateways, number(facts_.gateways - facts_.gateways_online),
              {{"state", "away"}});
  metrics.add(gauge, "stratus_certificates_expiring",
              "Devices that have not renewed in time, expired ones included.",
              number(facts_.alarms.certificates_expiring + facts_.alarms.certificates_expired));
}

Result<std::string> Overview::read(OverviewFacts& facts) {
  const std::int64_t now = facts.now_ms;
  facts.totals_since_ms = now - kMoved;
  STRATUS_CHECK(ports_.database.read([&](db::Reader& reader) -> Result<void> {
    STRATUS_TRY(health, db::fleet_health(reader, now));
    facts.health = health;
    STRATUS_TRY(spread, db::release_spread(reader, kSpreadLines));
    facts.spread = std::move(spread);
    STRATUS_TRY(totals, db::update_totals(reader, facts.totals_since_ms));
    facts.totals = std::move(totals);
    const std::vector<std::string> open{"approval", "scheduled", "running", "paused", "aborting"};
    STRATUS_TRY(rollouts, db::list_rollouts(reader, open, "", kRollouts));
    facts.rollouts = std::move(rollouts);
    STRATUS_TRY(alarms, db::fleet_alarms(reader, now, now + ports_.certificates_alarm.count(), now - kDay));
    facts.alarms = alarms;
    STRATUS_TRY(gateways, db::sum_gateways(reader, now));
    facts.gateways = gateways.known;
    facts.gateways_online = gateways.online;
    facts.gateway_received = gateways.received;
    facts.gateway_sent = gateways.sent;
    return {};
  }));
  find_sizes(facts.totals);
  {
    const std::lock_guard lock(sizes_mutex_);
    facts.sizes = sizes_;
  }
  return encode_overview(facts);
}

void Overview::find_sizes(const std::vector<db::UpdateTotal>& totals) {
  for (const db::UpdateTotal& total : totals) {
    {
      const std::lock_guard lock(sizes_mutex_);
      if (sizes_.contains(total.digest) || sizes_.size() >= kMaxSizes) continue;
    }
    const auto digest = Digest::parse(total.digest);
    if (!digest) continue;
    const auto text = ports_.repositories.read_manifest(total.name, *digest);
    const auto manifest = text ? oci::parse_manifest(*text) : Result<oci::Manifest>(fail(text.error()));
    if (!manifest) continue;  // it was removed
    std::uint64_t size = text->size() + manifest->config.size;
    for (const oci::Descriptor& layer : manifest->layers) size += layer.size;
    const std::lock_guard lock(sizes_mutex_);
    sizes_[total.digest] = size;
  }
}

}  // namespace stratus::server
