// What a manifest refers to, as a registry needs it: any OCI 1.1 image manifest or index, and Docker's schema
// 2 forms of both. What the blobs mean is not looked at; images have a stricter reader (oci/manifest.hpp).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/base/digest.hpp"
#include "stratus/base/result.hpp"

namespace stratus::store {

inline constexpr std::string_view kOciManifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view kOciIndex = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view kDockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view kDockerList = "application/vnd.docker.distribution.manifest.list.v2+json";

inline constexpr std::size_t kMaxManifest = 4u << 20;  // bytes

struct BlobRef {
  std::string media_type;
  Digest digest;
  std::uint64_t size = 0;
  std::map<std::string, std::string> annotations;

  // Layers that licences forbid to copy; clients fetch them elsewhere, so they need not be here.
  bool is_foreign() const;
};

struct ManifestRefs {
  std::string media_type;
  bool is_index = false;
  std::optional<BlobRef> config;
  std::vector<BlobRef> layers;
  std::vector<BlobRef> manifests;  // of an index
  std::optional<BlobRef> subject;
  std::string artifact_type;  // as the referrers list shows it: artifactType, else the config's media type
  std::map<std::string, std::string> annotations;
};

// `content_type` is what the pusher says it is; empty: believe the body. `invalid` when body and type differ,
// the type is unknown, or the body is not a manifest.
Result<ManifestRefs> parse_manifest_refs(std::string_view text, std::string_view content_type);

}  // namespace stratus::store
