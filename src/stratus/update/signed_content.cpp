#include "stratus/update/signed_content.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "stratus/oci/manifest.hpp"
#include "stratus/oci/media_types.hpp"
#include "stratus/update/offered_release.hpp"
#include "stratus/wire/update_kind.hpp"

namespace stratus::update {

Result<void> check_content(const wire::ContentItem& item, const crypto::ReleaseVerifier& verifier) {
  wire::NextRelease offer;
  offer.name = wire::kContentName;
  offer.version = item.id;
  offer.manifest = item.manifest_text;
  offer.signatures = item.signatures;
  auto statement = check_offer(offer, wire::kContentName, verifier, 0);
  const std::string what = fmt::format("content '{}' ({})", item.title, item.id);
  if (!statement) return fail(std::move(statement.error()).with_context(what));
  if (statement->manifest != item.manifest)
    return fail(ErrorCode::denied, what + ": what was signed is not what is to be shown");
  STRATUS_TRY(manifest, oci::parse_manifest(item.manifest_text).with_context(what));
  if (manifest.artifact_type != oci::media::kContent)
    return fail(ErrorCode::invalid, what + ": what was signed is no content");
  const bool same = std::all_of(item.files.begin(), item.files.end(), [&](const wire::ContentFile& file) {
    const std::string type = fmt::format("application/vnd.stratus.content.{}.v1", file.role);
    return std::any_of(manifest.layers.begin(), manifest.layers.end(), [&](const oci::Descriptor& layer) {
      return layer.media_type == type && layer.digest == file.digest && layer.size == file.size;
    });
  });
  if (!same || manifest.layers.size() != item.files.size())
    return fail(ErrorCode::invalid, what + ": other files than those that were signed");
  return {};
}

}  // namespace stratus::update
