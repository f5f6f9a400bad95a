#include "stratus/sim/release.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "stratus/crypto/sha256.hpp"
#include "stratus/oci/image_config.hpp"
#include "stratus/oci/manifest.hpp"
#include "stratus/oci/media_types.hpp"
#include "stratus/update/offered_release.hpp"
#include "stratus/wire/update_kind.hpp"

namespace stratus::sim {

namespace {

constexpr std::size_t kMaxKnown = 64;

}  // namespace

Result<Release> read_release(const wire::NextRelease& next, std::string_view name,
                             const crypto::ReleaseVerifier* verifier) {
  if (next.name != name)
    return fail(ErrorCode::denied, fmt::format("asked for '{}', was offered '{}'", name, next.name));
  Release release;
  release.name = next.name;
  release.version = next.version;
  release.manifest = sha256(next.manifest);
  if (verifier != nullptr) {
    STRATUS_TRY(statement, update::check_offer(next, name, *verifier, 0));  // the floor is each device's own
    release.counter = statement.counter;
  }
  STRATUS_TRY(manifest, oci::parse_manifest(next.manifest));
  if (manifest.layers.empty()) return fail(ErrorCode::invalid, "the release holds nothing");
  std::vector<Digest> diff_ids;
  if (manifest.artifact_type.empty()) {  // an image: its configuration names the unpacked layers
    if (sha256(next.config) != manifest.config.digest)
      return fail(ErrorCode::corrupt, "the configuration is not the one that the manifest names");
    STRATUS_TRY(config, oci::parse_image_config(next.config));
    diff_ids = std::move(config.diff_ids);
    if (diff_ids.size() != manifest.layers.size())
      return fail(ErrorCode::invalid, "manifest and configuration disagree about the layers");
  }
  for (std::size_t i = 0; i < manifest.layers.size(); ++i) {
    const oci::Descriptor& layer = manifest.layers[i];
    const Digest& diff_id = diff_ids.empty() ? layer.digest : diff_ids[i];
    const auto same = [&](const Layer& other) { return other.diff_id == diff_id; };
    if (std::any_of(release.layers.begin(), release.layers.end(), same)) continue;
    release.layers.push_back({diff_id, layer.digest, layer.size});
  }
  return release;
}

Result<ReleasePointer> ReleaseShelf::take(const wire::NextRelease& next, std::string_view name) {
  const Digest manifest = sha256(next.manifest);
  // Without a verifier there is no counter, whatever the answer says of one.
  std::uint64_t counter = 0;
  if (verifier_ != nullptr) {
    for (const wire::ReleaseSignature& one : next.signatures) counter = std::max(counter, one.counter);
  }
  for (const ReleasePointer& known : known_) {
    if (known->name == name && next.name == name && known->version == next.version &&
        known->manifest == manifest && known->counter == counter)
      return known;
  }
  STRATUS_TRY(read, read_release(next, name, verifier_.get()));
  return keep(std::move(read));
}

ReleasePointer ReleaseShelf::keep(Release release) {
  known_.push_back(std::make_shared<const Release>(std::move(release)));
  if (known_.size() > kMaxKnown) known_.erase(known_.begin());
  return known_.back();
}

Result<Release> read_contents(const wire::ContentOrder& order) {
  if (order.items.empty()) return fail(ErrorCode::invalid, "nothing is to be shown");
  Release release;
  release.name = wire::kContentName;
  release.about = order.about;
  std::string list;
  for (const wire::ContentItem& item : order.items) {
    release.shown.push_back({item.id, item.manifest});
    release.version += (release.version.empty() ? "" : ",") + item.id;
    list += item.id + " " + item.manifest.text() + "\n";
    for (const wire::ContentFile& file : item.files) {
      const auto same = [&](const Layer& other) { return other.blob == file.digest; };
      if (std::none_of(release.layers.begin(), release.layers.end(), same))
        release.layers.push_back({file.digest, file.digest, file.size});
    }
  }
  release.manifest = sha256(list);
  return release;
}

Result<ReleasePointer> ReleaseShelf::take(const wire::ContentOrder& order) {
  STRATUS_TRY(read, read_contents(order));
  for (const ReleasePointer& known : known_) {
    if (known->name == read.name && known->manifest == read.manifest && known->about == read.about)
      return known;
  }
  return keep(std::move(read));
}

}  // namespace stratus::sim
