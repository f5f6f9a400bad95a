#include "stratus/server/deploy_gate.hpp"

#include "stratus/crypto/deploy_verdict.hpp"
#include "stratus/crypto/release_verifier.hpp"
#include "stratus/oci/manifest.hpp"
#include "stratus/oci/media_types.hpp"

namespace stratus::server {

namespace media = oci::media;

namespace {

constexpr std::size_t kMaxLooked = 64;  // signatures of one image

Result<crypto::SignedAs> read_claim(const store::RepositoryStore& repositories, const std::string& name,
                                    const Digest& image, const Digest& artifact) {
  STRATUS_TRY(text, repositories.read_manifest(name, artifact));
  STRATUS_TRY(manifest, oci::parse_manifest(text));
  if (manifest.layers.size() != 1) return fail(ErrorCode::invalid, "not one payload");
  const oci::Descriptor& layer = manifest.layers.front();
  STRATUS_TRY(payload, repositories.blobs().read(layer.digest, crypto::ReleaseStatement::kMaxEncoded));
  STRATUS_TRY(statement, crypto::parse_statement(payload));
  if (statement.name != name || statement.manifest != image)
    return fail(ErrorCode::invalid, "about something else");
  const auto found = manifest.annotations.find(std::string(media::kKeyIdAnnotation));
  const std::string_view key = found != manifest.annotations.end()
                                   ? std::string_view(found->second)
                                   : layer.annotation(media::kKeyIdAnnotation);
  return crypto::SignedAs{std::string(key), statement.version, statement.counter};
}

// Broken ones are left out: one hides no other.
Result<std::vector<crypto::SignedAs>> read_claims(const store::RepositoryStore& repositories,
                                                  const std::string& name, const Digest& image) {
  STRATUS_TRY(referrers, repositories.referrers(name, image));
  std::vector<crypto::SignedAs> claims;
  std::size_t looked = 0;
  for (const store::Referrer& referrer : referrers) {
    if (referrer.artifact_type != media::kSignature) continue;
    if (++looked > kMaxLooked) break;
    auto claim = read_claim(repositories, name, image, referrer.manifest.digest);
    if (claim) claims.push_back(std::move(*claim));
  }
  return claims;
}

}  // namespace

net::Task<Result<void>> DeployGate::admit(std::string name, std::string version, bool accept_unsigned,
                                          std::string command) const {
  const auto image = releases_.find(name, version);
  if (!image) co_return fail(image.error());
  crypto::DeployFacts facts;
  facts.name = name;
  facts.version = version;
  facts.command = std::move(command);
  Digest before;
  if (const auto target = releases_.target(name)) {
    const auto digest = Digest::parse(target->digest);
    if (!digest) co_return fail(digest.error());
    facts.target_version = target->version;
    before = *digest;
  }
  auto read = [&]() -> Result<void> {
    STRATUS_TRY(mine, read_claims(repositories_, name, *image));
    facts.signatures = std::move(mine);
    if (before.empty()) return {};
    STRATUS_TRY(theirs, read_claims(repositories_, name, before));
    facts.target_signatures = std::move(theirs);
    return {};
  };
  auto known = co_await pool_.run(read);
  if (!known) co_return known;
  co_return crypto::judge(facts).check(accept_unsigned);
}

}  // namespace stratus::server
