#include "stratus/server/rollout_costs.hpp"

#include <set>

#include "stratus/oci/image_config.hpp"
#include "stratus/oci/manifest.hpp"
#include "stratus/server/release_reader.hpp"
#include "stratus/wire/update_kind.hpp"

namespace stratus::server {
namespace {

// The uncompressed layers of an image; empty when it is not (any more) here.
std::set<Digest> diff_ids_of(const store::RepositoryStore& repositories, const std::string& name,
                             const Digest& image) {
  const auto text = repositories.read_manifest(name, image);
  if (!text) return {};
  const auto manifest = oci::parse_manifest(*text);
  if (!manifest) return {};
  const auto config_text = repositories.blobs().read(manifest->config.digest, oci::kMaxConfig);
  if (!config_text) return {};
  const auto config = oci::parse_image_config(*config_text);
  if (!config) return {};
  return {config->diff_ids.begin(), config->diff_ids.end()};
}

Result<rollout::Ways> ways_from(const store::RepositoryStore& repositories, const rollout::Content& content,
                                const Digest& base) {
  STRATUS_TRY(answer, read_next(repositories, {content.name, content.version, content.digest, base}));
  STRATUS_TRY(manifest, oci::parse_manifest(answer.next.manifest));
  rollout::Ways ways;
  ways.head_bytes = wire::encode_next(answer.next).size();
  if (wire::update_kind_of(content.name) != wire::UpdateKind::container) {  // files, whatever runs
    for (const oci::Descriptor& file : manifest.layers) ways.layers.push_back({file.digest, file.size});
    ways.missing = ways.layers;
    return ways;
  }
  STRATUS_TRY(config, oci::parse_image_config(answer.next.config));
  const std::set<Digest> has = diff_ids_of(repositories, content.name, base);
  for (std::size_t i = 0; i < manifest.layers.size(); ++i) {
    const rollout::SizedBlob layer{manifest.layers[i].digest, manifest.layers[i].size};
    ways.layers.push_back(layer);
    if (i >= config.diff_ids.size() || !has.contains(config.diff_ids[i])) ways.missing.push_back(layer);
  }
  for (const wire::DeltaOffer& offer : answer.next.deltas) ways.delta.push_back({offer.blob, offer.size});
  return ways;
}

}  // namespace

Result<rollout::Estimate> read_costs(const store::RepositoryStore& repositories, const rollout::Spec& spec,
                                     const rollout::Plan& plan,
                                     const std::vector<rollout::Candidate>& candidates,
                                     std::int64_t usual_ms) {
  constexpr std::size_t kMaxBases = 64;  // others count as the whole image
  std::vector<std::map<Digest, rollout::Ways>> ways(spec.contents.size());
  for (std::size_t i = 0; i < spec.contents.size(); ++i) {
    STRATUS_TRY(whole, ways_from(repositories, spec.contents[i], Digest()));
    ways[i].emplace(Digest(), std::move(whole));
    for (const rollout::Member& member : plan.members) {
      const Digest& base = member.before[i].digest;
      if (base.empty() || ways[i].contains(base) || ways[i].size() > kMaxBases) continue;
      if (!repositories.find_manifest(spec.contents[i].name, base)) continue;
      STRATUS_TRY(from, ways_from(repositories, spec.contents[i], base));
      ways[i].emplace(base, std::move(from));
    }
  }
  std::map<std::string, std::string> gateways;
  for (const rollout::Candidate& candidate : candidates) {
    if (!candidate.gateway.empty()) gateways.emplace(candidate.id, candidate.gateway);
  }
  return rollout::estimate(spec, plan, ways, gateways, usual_ms);
}

}  // namespace stratus::server
