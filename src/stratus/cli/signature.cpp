#include "stratus/cli/signature.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

#include "stratus/base/clock.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/oci/media_types.hpp"

namespace stratus::cli {

namespace media = oci::media;

oci::Descriptor describe(std::string_view media_type, std::string_view text) {
  oci::Descriptor out;
  out.media_type = media_type;
  out.digest = sha256(text);
  out.size = text.size();
  return out;
}

namespace {

constexpr std::size_t kMaxLooked = 64;  // signatures of one image

struct Artifact {
  std::string payload;
  Bytes signature;
};

// Nothing when it is not in our form or its payload is gone: one broken signature hides no other.
Result<std::optional<Artifact>> read_artifact(ImageTarget& target, const std::string& name,
                                              const Digest& digest) {
  STRATUS_TRY(text, target.fetch_manifest(name, digest));
  const auto artifact = oci::parse_manifest(text);
  if (!artifact || artifact->layers.size() != 1) return std::optional<Artifact>();
  const oci::Descriptor& layer = artifact->layers.front();
  auto signature = from_base64(layer.annotation(media::kSignatureAnnotation));
  if (!signature) return std::optional<Artifact>();
  auto payload = target.fetch_text(name, layer.digest, crypto::ReleaseStatement::kMaxEncoded);
  if (!payload) return std::optional<Artifact>();
  return std::optional(Artifact{std::move(*payload), std::move(*signature)});
}

}  // namespace

Result<std::optional<crypto::ReleaseStatement>> find_statement(ImageTarget& target, const std::string& name,
                                                               const Digest& image,
                                                               const crypto::PublicKey& key,
                                                               const std::string& version) {
  const std::string key_id = key.id();
  const auto verifier = crypto::make_pinned_key_verifier({key});
  STRATUS_TRY(referrers, target.referrers(name, image));
  std::optional<crypto::ReleaseStatement> newest;
  std::size_t looked = 0;
  for (const oci::Descriptor& one : referrers) {
    if (one.artifact_type != media::kSignature || one.annotation(media::kKeyIdAnnotation) != key_id) continue;
    if (!version.empty() && one.annotation(media::kVersionAnnotation) != version) continue;
    if (++looked > kMaxLooked) break;
    STRATUS_TRY(read, read_artifact(target, name, one.digest));
    if (!read) continue;
    const std::vector<crypto::StatementSignature> signatures{
        {key_id, std::move(read->payload), std::move(read->signature)}};
    auto statement = verifier->verify(name, image, signatures);
    if (!statement || (!version.empty() && statement->version != version)) continue;
    if (!newest || statement->counter > newest->counter) newest = std::move(*statement);
  }
  return newest;
}

Result<std::uint64_t> newest_counter(ImageTarget& target, const std::string& name,
                                     const std::vector<PublishedVersion>& versions,
                                     const crypto::PublicKey& key) {
  constexpr std::size_t kEnough = 3;  // clocks of publishers do not go backwards over more than that
  std::uint64_t newest = 0;
  for (std::size_t i = 0; i < versions.size(); ++i) {
    if (i >= kEnough && !versions[i].is_target) continue;
    STRATUS_TRY(statement, find_statement(target, name, versions[i].manifest, key, ""));
    if (statement) newest = std::max(newest, statement->counter);
  }
  return newest;
}

Result<std::vector<crypto::SignedAs>> claimed_signatures(ImageTarget& target, const std::string& name,
                                                         const Digest& image) {
  STRATUS_TRY(referrers, target.referrers(name, image));
  std::vector<crypto::SignedAs> out;
  std::size_t looked = 0;
  for (const oci::Descriptor& one : referrers) {
    if (one.artifact_type != media::kSignature) continue;
    if (++looked > kMaxLooked) break;
    STRATUS_TRY(read, read_artifact(target, name, one.digest));
    if (!read) continue;
    auto statement = crypto::parse_statement(read->payload);
    if (!statement || statement->name != name || statement->manifest != image) continue;
    out.push_back({std::string(one.annotation(media::kKeyIdAnnotation)), std::move(statement->version),
                   statement->counter});
  }
  return out;
}

Result<std::string> send_signature(ImageTarget& target, const std::string& name, const std::string& version,
                                   const oci::Descriptor& image, const crypto::SigningKey& key,
                                   const SignOptions& options) {
  const std::string key_id = key.public_key().id();
  STRATUS_TRY(before, find_statement(target, name, image.digest, key.public_key(), version));
  if (before && (!options.renew || before->counter >= options.newest)) return key_id;
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(system_clock().wall().time_since_epoch());
  const std::uint64_t newest = std::max(options.newest, before ? before->counter : 0);
  const std::uint64_t counter = crypto::next_counter(now.count(), newest);
  STRATUS_TRY(signature, crypto::sign_statement({name, image.digest, version, counter}, key));
  oci::Manifest artifact;
  artifact.media_type = media::kManifest;
  artifact.artifact_type = media::kSignature;
  artifact.config = describe(media::kEmpty, "{}");
  artifact.layers = {describe(media::kSimpleSigning, signature.payload)};
  artifact.layers[0].annotations.emplace(media::kSignatureAnnotation, to_base64(signature.signature));
  artifact.layers[0].annotations.emplace(media::kKeyIdAnnotation, signature.key_id);
  artifact.annotations.emplace(media::kKeyIdAnnotation, key_id);
  artifact.annotations.emplace(media::kVersionAnnotation, version);
  artifact.subject = image;
  STRATUS_CHECK(target.put_text(name, "{}"));
  STRATUS_CHECK(target.put_text(name, signature.payload));
  STRATUS_CHECK(target.put_manifest(name, "", oci::encode_manifest(artifact), artifact.media_type));
  return key_id;
}

}  // namespace stratus::cli
