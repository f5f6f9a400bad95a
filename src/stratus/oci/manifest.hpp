// Manifests and indexes (OCI image specification 1.1: descriptor.md, manifest.md, image-index.md; Docker's
// schema 2 twins are read alike). Parsing is strict: size and depth bounded, no key twice, every digest and
// size checked. A digest is computed over the exact bytes received, so keep those beside the parsed form.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/base/digest.hpp"
#include "stratus/base/result.hpp"

namespace stratus::oci {

inline constexpr std::size_t kMaxManifest = 4u << 20;  // bytes, as registries have it
inline constexpr std::size_t kMaxLayers = 512;
inline constexpr std::size_t kMaxIndexEntries = 4096;

using Annotations = std::map<std::string, std::string>;

struct Platform {
  std::string os, architecture, variant;
};

struct Descriptor {
  std::string media_type;
  Digest digest;
  std::uint64_t size = 0;
  Annotations annotations;
  std::string artifact_type;         // "" when absent
  std::optional<Platform> platform;  // in an index
  bool has_urls = false;             // the blob may live elsewhere: refused for layers

  std::string_view annotation(std::string_view key) const;  // "" when absent
};

struct Manifest {
  std::string media_type;  // kManifest or kDockerManifest; kManifest when the text leaves it out
  std::string artifact_type;
  Descriptor config;
  std::vector<Descriptor> layers;
  std::optional<Descriptor> subject;
  Annotations annotations;

  // artifactType, or the config's media type when that is absent (distribution specification 1.1, referrers).
  std::string_view effective_artifact_type() const;
};

struct Index {
  std::string media_type;
  std::string artifact_type;
  std::vector<Descriptor> manifests;
  std::optional<Descriptor> subject;
  Annotations annotations;
};

enum class DocumentKind : std::uint8_t { manifest, index };

// What a pushed document is, from its text and the Content-Type it came with ("" when unknown). `invalid`
// when both disagree, when it is neither, or when it could be read as both (CVE-2021-41190).
Result<DocumentKind> kind_of_document(std::string_view text, std::string_view content_type);

Result<Manifest> parse_manifest(std::string_view text);
Result<Index> parse_index(std::string_view text);

// One spelling each: equal values give equal bytes.
std::string encode_manifest(const Manifest& manifest);
std::string encode_index(const Index& index);

// `invalid` with the reason unless a device can run it: an image config and layers whose media types are tar,
// tar+gzip or tar+zstd, all in this registry.
Result<void> check_image(const Manifest& manifest);

}  // namespace stratus::oci
