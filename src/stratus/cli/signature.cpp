#include "stratus/cli/signature.hpp"

#include <chrono>

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

Result<std::string> send_signature(ImageTarget& target, const std::string& name, const std::string& version,
                                   const oci::Descriptor& image, const crypto::SigningKey& key) {
  const std::string key_id = key.public_key().id();
  STRATUS_TRY(referrers, target.referrers(name, image.digest));
  for (const oci::Descriptor& one : referrers) {
    const bool same = one.annotation(media::kKeyIdAnnotation) == key_id &&
                      one.annotation(media::kVersionAnnotation) == version;
    if (one.artifact_type == media::kSignature && same) return key_id;
  }
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(system_clock().wall().time_since_epoch());
  STRATUS_TRY(signature, crypto::sign_statement({name, image.digest, version, now.count()}, key));
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
