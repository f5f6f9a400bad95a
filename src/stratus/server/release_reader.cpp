#include "stratus/server/release_reader.hpp"

#include <algorithm>
#include <map>

#include "stratus/base/log.hpp"
#include "stratus/crypto/release_verifier.hpp"
#include "stratus/oci/image_config.hpp"
#include "stratus/oci/manifest.hpp"
#include "stratus/oci/media_types.hpp"

namespace stratus::server {

namespace media = oci::media;

namespace {

std::string_view annotation(const oci::Manifest& manifest, std::string_view key) {
  if (const auto found = manifest.annotations.find(std::string(key)); found != manifest.annotations.end()) {
    return found->second;
  }
  return manifest.layers.empty() ? std::string_view() : manifest.layers.front().annotation(key);
}

Result<wire::ReleaseSignature> read_signature(const store::RepositoryStore& repositories,
                                              const std::string& name, const Digest& artifact) {
  STRATUS_TRY(text, repositories.read_manifest(name, artifact));
  STRATUS_TRY(manifest, oci::parse_manifest(text));
  if (manifest.layers.size() != 1)
    return fail(ErrorCode::invalid, "a signature artifact without its one payload");
  STRATUS_TRY(payload,
              repositories.blobs().read(manifest.layers.front().digest, wire::NextRelease::kMaxPayload));
  auto bytes = from_base64(annotation(manifest, media::kSignatureAnnotation));
  if (!bytes) return fail(ErrorCode::invalid, "a signature that is not base64");
  const std::string_view key_id = annotation(manifest, media::kKeyIdAnnotation);
  // Devices would refuse the whole answer for it.
  if (key_id.size() > wire::NextRelease::kMaxKeyId || bytes->size() > wire::NextRelease::kMaxSignature)
    return fail(ErrorCode::invalid, "a signature or a key id that is too long");
  return wire::ReleaseSignature{std::string(key_id), std::move(payload), std::move(*bytes)};
}

// What a device has to fetch of them: those for the version in question, the newest of each key. All of them
// when none is for that version; the device then says what is wrong.
std::vector<wire::ReleaseSignature> choose_signatures(std::vector<wire::ReleaseSignature> all,
                                                      const NextQuestion& question) {
  struct Choice {
    std::uint64_t counter = 0;
    wire::ReleaseSignature* signature = nullptr;
  };
  std::map<std::string, Choice> by_key;
  for (wire::ReleaseSignature& signature : all) {
    const auto statement = crypto::parse_statement(signature.payload);
    if (!statement || statement->version != question.version) continue;
    Choice& choice = by_key[signature.key_id];
    if (choice.signature == nullptr || statement->counter > choice.counter)
      choice = {statement->counter, &signature};
  }
  std::vector<wire::ReleaseSignature> chosen;
  for (auto& [key, choice] : by_key) chosen.push_back(std::move(*choice.signature));
  if (chosen.empty()) chosen = std::move(all);
  // What the device can put together itself need not travel.
  for (wire::ReleaseSignature& signature : chosen) {
    const auto statement = crypto::parse_statement(signature.payload);
    if (!statement) continue;
    const std::uint64_t counter = statement->counter;
    const std::string usual =
        crypto::encode_statement({question.name, question.target, question.version, counter});
    if (usual != signature.payload) continue;
    signature.payload.clear();
    signature.counter = counter;
  }
  if (chosen.size() > wire::NextRelease::kMaxSignatures) chosen.resize(wire::NextRelease::kMaxSignatures);
  return chosen;
}

Result<std::vector<wire::DeltaOffer>> read_delta(const store::RepositoryStore& repositories,
                                                 const std::string& name, const Digest& artifact,
                                                 const Digest& base) {
  STRATUS_TRY(text, repositories.read_manifest(name, artifact));
  STRATUS_TRY(manifest, oci::parse_manifest(text));
  if (manifest.layers.size() > wire::NextRelease::kMaxDeltas)
    return fail(ErrorCode::invalid, "more recipes than devices take");
  std::vector<wire::DeltaOffer> offers;
  for (const oci::Descriptor& layer : manifest.layers) {
    STRATUS_TRY(diff_id, Digest::parse(layer.annotation(media::kDeltaDiffIdAnnotation)));
    // An offer whose blob is gone would cost the device a failed transfer.
    if (repositories.find_blob(name, layer.digest))
      offers.push_back({base, diff_id, layer.digest, layer.size});
  }
  return offers;
}

// The image that a referrer is a delta from, if it is one.
std::optional<Digest> delta_base(const store::Referrer& referrer) {
  if (referrer.artifact_type != media::kDelta) return std::nullopt;
  const auto found = referrer.annotations.find(std::string(media::kDeltaBaseAnnotation));
  if (found == referrer.annotations.end()) return std::nullopt;
  const auto digest = Digest::parse(found->second);
  return digest ? std::optional(*digest) : std::nullopt;
}

}  // namespace

namespace {

// A broken artifact among good ones must not keep the release from devices.
std::vector<wire::ReleaseSignature> signatures_among(const store::RepositoryStore& repositories,
                                                     const NextQuestion& question,
                                                     const std::vector<store::Referrer>& referrers) {
  constexpr std::size_t kMaxRead = 256;  // pushing needs the token; this bounds a mistake
  std::vector<wire::ReleaseSignature> found;
  for (const store::Referrer& referrer : referrers) {
    if (referrer.artifact_type != media::kSignature || found.size() >= kMaxRead) continue;
    const Digest& artifact = referrer.manifest.digest;
    auto signature = read_signature(repositories, question.name, artifact);
    if (signature) found.push_back(std::move(*signature));
    if (!signature) log::warning("releases", "signature {}: {}", artifact.text(), signature.error().text());
  }
  return choose_signatures(std::move(found), question);
}

}  // namespace

Result<std::vector<wire::ReleaseSignature>> read_signatures(const store::RepositoryStore& repositories,
                                                            const NextQuestion& question) {
  STRATUS_TRY(referrers, repositories.referrers(question.name, question.target));
  return signatures_among(repositories, question, referrers);
}

Result<std::optional<Digest>> find_delta(const store::RepositoryStore& repositories, const std::string& name,
                                         const Digest& target, const Digest& base) {
  STRATUS_TRY(referrers, repositories.referrers(name, target));
  for (const store::Referrer& referrer : referrers) {
    if (delta_base(referrer) == base) return std::optional(referrer.manifest.digest);
  }
  return std::optional<Digest>();
}

Result<NextAnswer> read_next(const store::RepositoryStore& repositories, const NextQuestion& question) {
  NextAnswer answer;
  wire::NextRelease& next = answer.next;
  next.name = question.name;
  next.version = question.version;
  STRATUS_TRY(manifest_text, repositories.read_manifest(question.name, question.target));
  next.manifest = std::move(manifest_text);
  STRATUS_TRY(manifest, oci::parse_manifest(next.manifest));
  STRATUS_TRY(config, repositories.blobs().read(manifest.config.digest, oci::kMaxConfig));
  next.config = std::move(config);

  STRATUS_TRY(referrers, repositories.referrers(question.name, question.target));
  bool found_delta = false;
  for (const store::Referrer& referrer : referrers) {
    const Digest& artifact = referrer.manifest.digest;
    const std::optional<Digest> from = delta_base(referrer);
    if (from) answer.delta_bases.push_back(*from);
    if (!question.base.empty() && !found_delta && from == question.base) {
      auto offers = read_delta(repositories, question.name, artifact, question.base);
      found_delta = offers.has_value();
      if (offers) next.deltas = std::move(*offers);
      if (!offers) log::warning("releases", "delta {}: {}", artifact.text(), offers.error().text());
    }
  }
  next.signatures = signatures_among(repositories, question, referrers);
  answer.delta_missing = !found_delta && !question.base.empty() &&
                         repositories.find_manifest(question.name, question.base).has_value();
  return answer;
}

Result<rollout::Requirement> read_requirement(const store::RepositoryStore& repositories,
                                              const std::string& name, const Digest& digest) {
  STRATUS_TRY(text, repositories.read_manifest(name, digest));
  STRATUS_TRY(manifest, oci::parse_manifest(text));
  STRATUS_TRY(config_text, repositories.blobs().read(manifest.config.digest, oci::kMaxConfig));
  STRATUS_TRY(config, oci::parse_image_config(config_text));
  rollout::Requirement requirement;
  requirement.architecture = config.architecture;
  const auto found = manifest.annotations.find(std::string(media::kCompatibleAnnotation));
  std::string_view words = found == manifest.annotations.end() ? std::string_view() : found->second;
  while (!words.empty()) {
    const std::size_t comma = words.find(',');
    const std::string_view word = words.substr(0, comma);
    if (!word.empty()) requirement.device_classes.emplace_back(word);
    words = comma == std::string_view::npos ? std::string_view() : words.substr(comma + 1);
  }
  return requirement;
}

Result<void> check_release(const store::RepositoryStore& repositories, const std::string& name,
                           const Digest& digest) {
  STRATUS_TRY(info, repositories.find_manifest(name, digest));
  if (info.media_type == media::kIndex || info.media_type == media::kDockerIndex) {
    return fail(ErrorCode::invalid,
                digest.text() + " is an index of images for several platforms; register one of its images");
  }
  STRATUS_TRY(text, repositories.read_manifest(name, digest));
  STRATUS_TRY(manifest, oci::parse_manifest(text));
  STRATUS_CHECK(oci::check_image(manifest));
  STRATUS_TRY(config_text, repositories.blobs().read(manifest.config.digest, oci::kMaxConfig));
  STRATUS_TRY(config, oci::parse_image_config(config_text));
  if (config.diff_ids.size() != manifest.layers.size()) {
    return fail(ErrorCode::invalid, "the configuration names another number of layers than the manifest");
  }
  return {};
}

}  // namespace stratus::server
