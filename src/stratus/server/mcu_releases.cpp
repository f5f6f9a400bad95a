#include "stratus/server/mcu_releases.hpp"

#include <algorithm>

#include "host/delta_encoder.hpp"
#include "host/image_reader.hpp"
#include "host/manifest_writer.hpp"
#include "host/p256_key.hpp"

#include "stratus/base/file.hpp"
#include "stratus/crypto/key.hpp"
#include "stratus/oci/manifest.hpp"
#include "stratus/oci/media_types.hpp"
#include "stratus/server/artifact_shelf.hpp"
#include "stratus/server/firmware_parts.hpp"

namespace stratus::server {
namespace {

namespace media = oci::media;
namespace host = mcu::host;

// A patch between two firmware files (docs/formats/mcu-delta.md).
constexpr std::string_view kMcuDelta = "application/vnd.stratus.mcu-delta.v1";
constexpr std::uint64_t kMaxImage = 16u << 20;
constexpr std::size_t kMaxRemembered = 1024;
constexpr std::int64_t kFreshSeconds = 7 * 86'400;

host::RawDigest raw(const Digest& digest) {
  host::RawDigest result{};
  const auto bytes = digest.bytes();
  std::copy(bytes.begin(), bytes.end(), result.begin());
  return result;
}

Result<oci::Manifest> read_release(const store::RepositoryStore& repositories, const std::string& repository,
                                   const Digest& release) {
  STRATUS_TRY(text, repositories.read_manifest(repository, release));
  return oci::parse_manifest(text);
}

// The layer that a microcontroller runs: the file of a firmware release.
Result<oci::Descriptor> find_image(const oci::Manifest& manifest) {
  for (const oci::Descriptor& layer : manifest.layers) {
    if (layer.media_type == media::kFirmwareFile) return layer;
  }
  return fail(ErrorCode::invalid, "the release holds no firmware file");
}

Result<void> check_class(const McuQuestion& question, const std::string& wanted,
                         const std::array<std::uint8_t, 16>& found) {
  if (found == host::board_class_of(wanted)) return {};
  return fail(ErrorCode::conflict,
              question.repository + ":" + question.version + " is made for other boards than " + wanted,
              "wrong_model");
}

}  // namespace

struct McuReleases::Key {
  host::P256Key key;
};

struct McuReleases::Described {
  host::ManifestComponent component;
  std::uint32_t counter = 0;
};

McuReleases::McuReleases(std::unique_ptr<Key> key, store::RepositoryStore& repositories, const Clock& clock)
    : key_(std::move(key)), repositories_(repositories), clock_(clock) {}
McuReleases::~McuReleases() = default;

Result<std::unique_ptr<McuReleases>> McuReleases::open(const std::filesystem::path& directory,
                                                       store::RepositoryStore& repositories,
                                                       const Clock& clock) {
  const std::filesystem::path file = directory / "assignment.key";
  STRATUS_CHECK(make_directories(directory));
  auto signing = crypto::SigningKey::load(file);
  if (!signing) {
    if (signing.error().code() != ErrorCode::not_found) return forward_error(std::move(signing));
    STRATUS_TRY(made, crypto::SigningKey::generate());
    STRATUS_CHECK(made.save(file));
    signing = std::move(made);
  }
  STRATUS_TRY(key, host::P256Key::from_pem(signing->pem()));
  return std::unique_ptr<McuReleases>(
      new McuReleases(std::make_unique<Key>(Key{std::move(key)}), repositories, clock));
}

std::string McuReleases::public_key() const { return to_hex(key_->key.public_xy()); }

Result<McuReleases::Facts> McuReleases::facts(const Digest& image) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = facts_.find(image); known != facts_.end()) return known->second;
  }
  STRATUS_TRY(content, repositories_.blobs().read(image, kMaxImage));
  STRATUS_TRY(read, host::read_image_facts(as_bytes(content)));
  const Facts found{read.counter, read.board_class};
  const std::lock_guard lock(mutex_);
  if (facts_.size() >= kMaxRemembered) facts_.clear();
  facts_[image] = found;
  return found;
}

Result<std::optional<McuReleases::Patch>> McuReleases::make_patch(const McuQuestion& question,
                                                                  const Digest& base, const Digest& image) {
  STRATUS_TRY(old, repositories_.blobs().read(base, kMaxImage));
  STRATUS_TRY(target, repositories_.blobs().read(image, kMaxImage));
  STRATUS_TRY(patch, host::encode_delta(as_bytes(old), as_bytes(target)));
  if (patch.size() >= target.size()) return std::optional<Patch>();
  STRATUS_TRY(stored, repositories_.blobs().put(patch));
  STRATUS_TRY(empty, repositories_.blobs().put(as_bytes("{}")));
  for (const Digest& digest : {stored.digest, empty.digest}) {
    STRATUS_CHECK(repositories_.link_blob(question.repository, digest));
  }
  STRATUS_TRY(release, repositories_.find_manifest(question.repository, question.release));
  oci::Manifest artifact;
  artifact.media_type = media::kManifest;
  artifact.artifact_type = kMcuDelta;
  artifact.config.media_type = media::kEmpty;
  artifact.config.digest = empty.digest;
  artifact.config.size = empty.size;
  artifact.subject.emplace();
  artifact.subject->media_type = release.media_type;
  artifact.subject->digest = release.digest;
  artifact.subject->size = release.size;
  artifact.annotations.emplace(media::kDeltaBaseAnnotation, base.text());
  oci::Descriptor layer;
  layer.media_type = kMcuDelta;
  layer.digest = stored.digest;
  layer.size = stored.size;
  artifact.layers.push_back(std::move(layer));
  STRATUS_TRY(pushed, repositories_.put_manifest(question.repository, oci::encode_manifest(artifact),
                                                 media::kManifest, std::nullopt, std::nullopt));
  (void)pushed;
  return std::optional(Patch{stored.digest, stored.size});
}

Result<std::optional<McuReleases::Patch>> McuReleases::patch(const McuQuestion& question, const Digest& base,
                                                             const Digest& image, std::uint64_t size) {
  if (base.empty() || base == image) return std::optional<Patch>();
  STRATUS_TRY(referrers, repositories_.referrers(question.repository, question.release));
  for (const store::Referrer& referrer : referrers) {
    const auto from = referrer.annotations.find(std::string(media::kDeltaBaseAnnotation));
    if (referrer.artifact_type != kMcuDelta || from == referrer.annotations.end() ||
        from->second != base.text()) {
      continue;
    }
    STRATUS_TRY(text, repositories_.read_manifest(question.repository, referrer.manifest.digest));
    STRATUS_TRY(manifest, oci::parse_manifest(text));
    if (manifest.layers.size() != 1) continue;
    return std::optional(Patch{manifest.layers[0].digest, manifest.layers[0].size});
  }
  const std::pair pair(base, image);
  {
    const std::lock_guard lock(mutex_);
    if (worthless_.count(pair) != 0 || size > kMaxImage) return std::optional<Patch>();
    if (!making_.insert(pair).second) {
      return fail(ErrorCode::unavailable, "the patch is being made; ask again in a moment", "delta_pending");
    }
  }
  auto made = make_patch(question, base, image);
  const std::lock_guard lock(mutex_);
  making_.erase(pair);
  if (made && *made) return made;
  // No patch is no failure: the device takes the whole image.
  if (worthless_.size() >= kMaxRemembered) worthless_.clear();
  worthless_.insert(pair);
  return std::optional<Patch>();
}

Result<McuReleases::Described> McuReleases::describe(const McuQuestion& question,
                                                     const oci::Descriptor& layer, std::uint8_t number,
                                                     const std::string& model) {
  STRATUS_TRY(known, facts(layer.digest));
  STRATUS_CHECK(check_class(question, model, known.board_class));
  Described result;
  result.counter = known.counter;
  result.component.kind = number;
  result.component.size = static_cast<std::uint32_t>(layer.size);
  result.component.digest = raw(layer.digest);
  const auto have = question.parts.find(number);
  if (have == question.parts.end()) return result;
  // Only from what was such a part of a release of this name: what a device merely claims makes no work.
  if (!repositories_.find_blob(question.repository, have->second)) return result;
  const auto base = facts(have->second);
  if (!base || base->board_class != known.board_class) return result;
  STRATUS_TRY(found, patch(question, have->second, layer.digest, layer.size));
  if (found) {
    result.component.delta =
        host::DeltaOffer{raw(have->second), raw(found->digest), static_cast<std::uint32_t>(found->size)};
  }
  return result;
}

Result<Bytes> McuReleases::manifest(const McuQuestion& question) {
  STRATUS_TRY(release, read_release(repositories_, question.repository, question.release));
  STRATUS_TRY(image, find_image(release));
  STRATUS_TRY(firmware, describe(question, image, 0, question.model));
  const std::int64_t now = clock_.wall().time_since_epoch().count() / 1000;
  host::ManifestFields fields;
  fields.model = question.model;
  fields.version = question.version;
  fields.repository = question.repository;
  fields.counter = firmware.counter;
  fields.serial = static_cast<std::uint32_t>(now);  // grows with every manifest
  fields.expires = static_cast<std::uint32_t>(now + kFreshSeconds);
  fields.release = raw(question.release);
  fields.components.push_back(std::move(firmware.component));
  for (const oci::Descriptor& layer : release.layers) {
    const FirmwarePart* const part = part_of_media_type(layer.media_type);
    if (part == nullptr || question.firmware_only) continue;
    STRATUS_TRY(one, describe(question, layer, part->number, question.model + "/" + std::string(part->kind)));
    fields.components.push_back(std::move(one.component));
  }
  auto written = host::write_manifest(fields, key_->key.signer());
  if (written || written.error().code() != ErrorCode::no_space) return written;
  // Long names, and a patch for every part: the firmware's is the one that saves most.
  for (std::size_t i = 1; i < fields.components.size(); ++i) fields.components[i].delta.reset();
  return host::write_manifest(fields, key_->key.signer());
}

}  // namespace stratus::server
