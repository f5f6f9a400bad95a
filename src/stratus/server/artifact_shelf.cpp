#include "stratus/server/artifact_shelf.hpp"

#include "stratus/crypto/sha256.hpp"
#include "stratus/oci/media_types.hpp"

namespace stratus::server {

namespace media = oci::media;

Result<Digest> put_artifact(store::RepositoryStore& repositories, const std::string& repository,
                            std::string_view artifact_type, std::span<const ArtifactFile> files,
                            const oci::Annotations& annotations) {
  STRATUS_TRY(empty, repositories.blobs().put(as_bytes("{}")));
  STRATUS_CHECK(repositories.link_blob(repository, empty.digest));
  oci::Manifest manifest;
  manifest.media_type = media::kManifest;
  manifest.artifact_type = artifact_type;
  manifest.config.media_type = media::kEmpty;
  manifest.config.digest = empty.digest;
  manifest.config.size = empty.size;
  manifest.annotations = annotations;
  for (const ArtifactFile& file : files) {
    if (const auto linked = repositories.link_blob(repository, file.digest); !linked) {
      if (linked.error().code() != ErrorCode::not_found) return forward_error(Result<void>(linked));
      return fail(ErrorCode::not_found, "the file " + file.name + " is not here any more: send it again");
    }
    oci::Descriptor layer;
    layer.media_type = file.media_type;
    layer.digest = file.digest;
    layer.size = file.size;
    layer.annotations.emplace(media::kTitleAnnotation, file.name);
    manifest.layers.push_back(std::move(layer));
  }
  const std::string body = oci::encode_manifest(manifest);
  STRATUS_TRY(pushed,
              repositories.put_manifest(repository, body, media::kManifest, std::nullopt, std::nullopt));
  return pushed.digest;
}

Result<void> tag_artifact(store::RepositoryStore& repositories, const std::string& repository,
                          const Digest& manifest, const std::string& tag) {
  STRATUS_TRY(body, repositories.read_manifest(repository, manifest));
  STRATUS_CHECK(repositories.put_manifest(repository, body, media::kManifest, tag, manifest));
  return {};
}

}  // namespace stratus::server
