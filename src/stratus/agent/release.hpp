// A release as the device trusts it: checked against the pinned keys before anything of it is fetched.
#pragma once

#include <string>
#include <vector>

#include "stratus/base/digest.hpp"
#include "stratus/base/result.hpp"
#include "stratus/crypto/release_verifier.hpp"
#include "stratus/oci/image_config.hpp"
#include "stratus/oci/manifest.hpp"
#include "stratus/update/planner.hpp"
#include "stratus/wire/next.hpp"

namespace stratus::agent {

struct Release {
  std::string name;
  std::string version;
  std::uint64_t counter = 0;  // signed; known of what was just offered only
  Digest manifest_digest;
  oci::Manifest manifest;
  oci::ImageConfig config;
  std::string manifest_text;  // exact bytes, as stored
  std::string config_text;
  std::vector<wire::DeltaOffer> deltas;  // against what the device ran when it was offered
};

// `denied`: no signature by a pinned key over this manifest, name and version. `invalid`: signed, but nothing
// that can run here. The order is that one: what is not signed is not even parsed. Also `denied`: its signed
// counter is below `floor`, the highest that was committed here, so somebody offers what was replaced.
Result<Release> check_release(const wire::NextRelease& next, std::string_view name,
                              const crypto::ReleaseVerifier& verifier, std::uint64_t floor);

// The parsed form of texts that were checked when they were stored.
Result<Release> parse_release(std::string name, std::string version, std::string manifest_text,
                              std::string config_text);

}  // namespace stratus::agent
