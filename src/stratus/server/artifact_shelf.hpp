// Artifacts in the store: files that have come, bound together by an OCI manifest
// (docs/formats/artifacts.md). Blocks; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "stratus/oci/manifest.hpp"
#include "stratus/store/garbage.hpp"
#include "stratus/store/repository_store.hpp"

namespace stratus::server {

struct ArtifactFile {
  std::string media_type;
  std::string name;
  Digest digest;
  std::uint64_t size = 0;
};

// The manifest's digest. The same files give the same digest. `not_found` when a file is not in the store
// (any more): it has to be sent again.
Result<Digest> put_artifact(store::RepositoryStore& repositories, const std::string& repository,
                            std::string_view artifact_type, std::span<const ArtifactFile> files,
                            const oci::Annotations& annotations);

// Gives a stored artifact a name; after a crash before this the collector's roots still keep it.
Result<void> tag_artifact(store::RepositoryStore& repositories, const std::string& repository,
                          const Digest& manifest, const std::string& tag);

}  // namespace stratus::server
