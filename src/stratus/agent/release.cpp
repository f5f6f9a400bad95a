#include "stratus/agent/release.hpp"

#include <fmt/format.h>

#include "stratus/crypto/sha256.hpp"
#include "stratus/update/offered_release.hpp"

namespace stratus::agent {

Result<Release> parse_release(std::string name, std::string version, std::string manifest_text,
                              std::string config_text) {
  Release release;
  release.name = std::move(name);
  release.version = std::move(version);
  release.manifest_digest = sha256(manifest_text);
  STRATUS_TRY(manifest, oci::parse_manifest(manifest_text));
  STRATUS_CHECK(oci::check_image(manifest));
  if (sha256(config_text) != manifest.config.digest) {
    return fail(ErrorCode::corrupt, "the configuration is not the one that the manifest names");
  }
  STRATUS_TRY(config, oci::parse_image_config(config_text));
  if (config.diff_ids.size() != manifest.layers.size()) {
    return fail(ErrorCode::invalid, fmt::format("the manifest has {} layers, the configuration {} diff ids",
                                                manifest.layers.size(), config.diff_ids.size()));
  }
  if (config.os != "linux" || config.architecture != oci::this_architecture()) {
    return fail(ErrorCode::invalid, fmt::format("the image is for {}/{}, this device is linux/{}", config.os,
                                                config.architecture, oci::this_architecture()));
  }
  release.manifest = std::move(manifest);
  release.config = std::move(config);
  release.manifest_text = std::move(manifest_text);
  release.config_text = std::move(config_text);
  return release;
}

Result<Release> check_release(const wire::NextRelease& next, std::string_view name,
                              const crypto::ReleaseVerifier& verifier, std::uint64_t floor) {
  STRATUS_TRY(statement, update::check_offer(next, name, verifier, floor));
  STRATUS_TRY(release, parse_release(next.name, next.version, next.manifest, next.config));
  release.counter = statement.counter;
  release.deltas = next.deltas;
  return release;
}

}  // namespace stratus::agent
