#include "stratus/store/manifest_refs.hpp"

namespace stratus::store {

bool is_foreign(const oci::Descriptor& blob) {
  return blob.media_type.starts_with("application/vnd.oci.image.layer.nondistributable.") ||
         blob.media_type.starts_with("application/vnd.docker.image.rootfs.foreign.");
}

Result<ManifestRefs> parse_manifest_refs(std::string_view text, std::string_view content_type) {
  STRATUS_TRY(kind, oci::kind_of_document(text, content_type));
  ManifestRefs refs;
  refs.is_index = kind == oci::DocumentKind::index;
  if (refs.is_index) {
    STRATUS_TRY(index, oci::parse_index(text));
    refs.media_type = std::move(index.media_type);
    refs.manifests = std::move(index.manifests);
    if (index.subject) refs.subject = index.subject->digest;
    refs.artifact_type = std::move(index.artifact_type);
    refs.annotations = std::move(index.annotations);
  } else {
    STRATUS_TRY(manifest, oci::parse_manifest(text));
    refs.media_type = std::move(manifest.media_type);
    refs.artifact_type = manifest.effective_artifact_type();
    refs.blobs = std::move(manifest.layers);
    refs.blobs.push_back(std::move(manifest.config));
    if (manifest.subject) refs.subject = manifest.subject->digest;
    refs.annotations = std::move(manifest.annotations);
  }
  // A body that does not name its type is what it was sent as: Docker's form or OCI's.
  if (!content_type.empty()) refs.media_type = content_type;
  return refs;
}

}  // namespace stratus::store
