// What a manifest refers to, as a registry needs it: image manifests and indexes seen alike.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/oci/manifest.hpp"

namespace stratus::store {

struct ManifestRefs {
  std::string media_type;
  bool is_index = false;
  std::vector<oci::Descriptor> blobs;      // configuration and layers
  std::vector<oci::Descriptor> manifests;  // of an index
  std::optional<Digest> subject;
  std::string artifact_type;  // as the referrers list shows it: artifactType, else the config's media type
  oci::Annotations annotations;
};

// `content_type` is what the pusher says it is; empty: believe the body. `invalid` when body and type differ,
// the type is unknown, or the body is not a manifest.
Result<ManifestRefs> parse_manifest_refs(std::string_view text, std::string_view content_type);

// Layers that licences forbid to copy; clients fetch them elsewhere, so they need not be here.
bool is_foreign(const oci::Descriptor& blob);

}  // namespace stratus::store
