#include "stratus/server/rollout_bytes.hpp"

#include <boost/json.hpp>

#include "stratus/db/rollout_sums.hpp"
#include "stratus/server/fleet.hpp"
#include "stratus/server/rollout_costs.hpp"
#include "stratus/server/rollout_json.hpp"
#include "stratus/server/rollout_store.hpp"

namespace stratus::server {
namespace {

namespace json = boost::json;

json::object describe_fetched(const std::vector<db::FetchedBytes>& fetched) {
  json::array gateways;
  std::int64_t devices = 0, direct = 0, all = 0;
  for (const db::FetchedBytes& one : fetched) {
    devices += one.devices;
    all += one.bytes;
    if (one.gateway.empty()) {
      direct = one.bytes;
      continue;
    }
    gateways.push_back(
        json::object{{"gateway", one.gateway}, {"devices", one.devices}, {"bytes", one.bytes}});
  }
  return {{"reporting", devices}, {"devices", all}, {"direct", direct}, {"by_gateway", std::move(gateways)}};
}

}  // namespace

void RolloutBytes::register_routes(Router& router) {
  router.add("GET", "/api/v1/rollouts/{id}/bytes", Scope::rollouts_read,
             [this](Call& call) { return show(call); });
}

net::Task<Result<void>> RolloutBytes::show(Call& call) {
  const std::string id = call.parameter("id");
  auto work = [&] { return read(id); };
  auto body = co_await lists_.run(work);
  if (!body) co_return forward_error(std::move(body));
  co_return co_await call.respond_json(200, *body);
}

Result<std::string> RolloutBytes::read(const std::string& id) const {
  rollout::Plan plan;
  rollout::Spec spec;
  std::vector<rollout::Candidate> candidates;
  std::vector<db::FetchedBytes> fetched;
  STRATUS_CHECK(database_.read([&](db::Reader& reader) -> Result<void> {
    STRATUS_TRY(row, db::find_rollout(reader, id));
    STRATUS_TRY(live, load_rollout(reader, row));
    spec = live.campaign->spec();
    plan.wave_sizes.resize(spec.waves.size());
    for (const rollout::Device& device : live.campaign->devices()) {
      plan.members.push_back({device.id, device.wave, device.zone, device.before});
      rollout::Candidate candidate;
      candidate.id = device.id;
      candidates.push_back(std::move(candidate));
      if (device.wave < plan.wave_sizes.size()) ++plan.wave_sizes[device.wave];
    }
    STRATUS_CHECK(add_gateways(reader, candidates));
    STRATUS_TRY(sums, db::fetched_bytes(reader, id));
    fetched = std::move(sums);
    return {};
  }));
  json::object body{{"actual", describe_fetched(fetched)}};
  // A release may be gone since; what was fetched is known all the same.
  const auto costs = read_costs(repositories_, spec, plan, candidates);
  if (costs) body["predicted"] = describe_estimate(*costs);
  return json::serialize(body);
}

}  // namespace stratus::server
