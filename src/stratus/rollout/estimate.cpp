#include "stratus/rollout/estimate.hpp"

#include <algorithm>
#include <set>

namespace stratus::rollout {
namespace {

std::uint64_t sum(const std::vector<SizedBlob>& blobs) {
  std::uint64_t bytes = 0;
  for (const SizedBlob& blob : blobs) bytes += blob.size;
  return bytes;
}

bool takes_delta(const Ways& ways) { return !ways.delta.empty() && sum(ways.delta) < sum(ways.missing); }

}  // namespace

Estimate estimate(const Spec& spec, const Plan& plan, std::span<const std::map<Digest, Ways>> ways,
                  const std::map<std::string, std::string>& gateways, std::int64_t usual_ms) {
  Estimate total;
  std::map<std::pair<std::size_t, Digest>, std::size_t> kinds;
  std::set<std::pair<std::string, Digest>> passed;  // gateway and blob
  std::map<std::string, Estimate::Gateway> into;
  for (const Member& member : plan.members) {
    const auto gateway = gateways.find(member.id);
    if (gateway != gateways.end()) ++into[gateway->second].devices;
    for (std::size_t i = 0; i < spec.contents.size(); ++i) {
      const Before& before = member.before[i];
      if (before.digest == spec.contents[i].digest) continue;  // it has this one
      auto found = ways[i].find(before.digest);
      if (found == ways[i].end()) found = ways[i].find(Digest());
      if (found == ways[i].end()) continue;
      const Ways& way = found->second;
      const bool delta = takes_delta(way);
      const std::vector<SizedBlob>& blobs = delta ? way.delta : way.missing;
      const auto [at, is_new] = kinds.emplace(std::pair(i, found->first), total.kinds.size());
      if (is_new) {
        Estimate::Kind kind;
        kind.name = spec.contents[i].name;
        kind.from_version = found->first.empty() ? std::string() : before.version;
        kind.bytes = way.head_bytes + sum(blobs);
        kind.full_bytes = way.head_bytes + sum(way.layers);
        kind.layers_reused = static_cast<std::uint32_t>(way.layers.size() - way.missing.size());
        kind.plan = delta ? "delta" : kind.layers_reused > 0 ? "layers" : "full";
        total.kinds.push_back(kind);
      }
      Estimate::Kind& kind = total.kinds[at->second];
      ++kind.devices;
      total.device_bytes += kind.bytes;
      total.full_bytes += kind.full_bytes;
      if (gateway == gateways.end()) {
        total.upstream_bytes += kind.bytes;
        continue;
      }
      std::uint64_t first_time = 0;
      for (const SizedBlob& blob : blobs) {
        if (passed.emplace(gateway->second, blob.digest).second) first_time += blob.size;
      }
      if (passed.emplace(gateway->second, spec.contents[i].digest).second) first_time += way.head_bytes;
      total.gateway_bytes += first_time;
      into[gateway->second].bytes += first_time;
      total.upstream_bytes += first_time;
    }
  }
  for (std::size_t wave = 0; wave + 1 < spec.waves.size(); ++wave) {
    if (plan.wave_sizes[wave] > 0) total.shortest_ms += spec.waves[wave].gate.soak_ms;
  }
  if (spec.rate_per_minute > 0 && !plan.members.empty())
    total.shortest_ms += static_cast<std::int64_t>((plan.members.size() - 1) * 60'000 / spec.rate_per_minute);
  for (auto& [name, gateway] : into) {
    gateway.name = name;
    total.gateways.push_back(std::move(gateway));
  }
  if (usual_ms == 0 || plan.members.empty()) return total;
  std::int64_t turns = 0;  // one after the other
  for (const std::uint32_t size : plan.wave_sizes) {
    const std::uint32_t at_once = spec.max_in_flight == 0 ? std::max(size, 1U) : spec.max_in_flight;
    turns += (size + at_once - 1) / at_once;
  }
  total.expected_ms = total.shortest_ms + turns * usual_ms;
  return total;
}

}  // namespace stratus::rollout
