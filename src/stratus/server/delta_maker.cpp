#include "stratus/server/delta_maker.hpp"

#include <algorithm>
#include <atomic>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "stratus/base/log.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/delta/recipe.hpp"
#include "stratus/oci/image_config.hpp"
#include "stratus/oci/media_types.hpp"
#include "stratus/server/release_reader.hpp"

namespace stratus::server {

namespace media = oci::media;

namespace {

struct Image {
  std::uint64_t manifest_size = 0;
  oci::Manifest manifest;
  std::vector<Digest> diff_ids;
};

Result<Image> read_image(const store::RepositoryStore& repositories, const std::string& name,
                         const Digest& digest) {
  STRATUS_CHECK(check_release(repositories, name, digest));
  STRATUS_TRY(text, repositories.read_manifest(name, digest));
  STRATUS_TRY(manifest, oci::parse_manifest(text));
  STRATUS_TRY(config_text, repositories.blobs().read(manifest.config.digest, oci::kMaxConfig));
  STRATUS_TRY(config, oci::parse_image_config(config_text));
  return Image{text.size(), std::move(manifest), std::move(config.diff_ids)};
}

Result<oci::Descriptor> store_file(store::RepositoryStore& repositories, const std::string& name,
                                   const std::filesystem::path& path) {
  STRATUS_TRY(file, MappedFile::open(path));
  STRATUS_TRY(info, repositories.blobs().put(file.bytes()));
  STRATUS_CHECK(repositories.link_blob(name, info.digest));
  oci::Descriptor descriptor;
  descriptor.media_type = media::kDelta;
  descriptor.digest = info.digest;
  descriptor.size = info.size;
  return descriptor;
}

Result<void> store_artifact(store::RepositoryStore& repositories, const DeltaJob& job, const Image& target,
                            std::vector<oci::Descriptor> layers) {
  constexpr std::string_view empty = "{}";
  STRATUS_TRY(config, repositories.blobs().put(as_bytes(empty)));
  STRATUS_CHECK(repositories.link_blob(job.name, config.digest));
  oci::Manifest artifact;
  artifact.media_type = media::kManifest;
  artifact.artifact_type = media::kDelta;
  artifact.config.media_type = media::kEmpty;
  artifact.config.digest = config.digest;
  artifact.config.size = config.size;
  artifact.layers = std::move(layers);
  oci::Descriptor subject;
  subject.media_type = target.manifest.media_type;
  subject.digest = job.target;
  subject.size = target.manifest_size;
  artifact.subject = std::move(subject);
  artifact.annotations.emplace(media::kDeltaBaseAnnotation, job.base.text());
  const std::string body = oci::encode_manifest(artifact);
  STRATUS_CHECK(repositories.put_manifest(job.name, body, media::kManifest, std::nullopt, std::nullopt));
  return {};
}

}  // namespace

Result<std::unique_ptr<DeltaMaker>> DeltaMaker::open(const std::filesystem::path& scratch,
                                                     std::uint64_t cache_limit,
                                                     store::RepositoryStore& repositories) {
  STRATUS_CHECK(remove_tree(scratch));
  STRATUS_CHECK(make_directories(scratch));
  STRATUS_TRY(tars, LayerTars::open(scratch / "layers", cache_limit, repositories.blobs()));
  return std::unique_ptr<DeltaMaker>(new DeltaMaker(scratch, std::move(tars), repositories));
}

Result<DeltaResult> DeltaMaker::make(const DeltaJob& job) {
  STRATUS_TRY(present, find_delta(repositories_, job.name, job.target, job.base));
  if (present) return DeltaResult{0, 0, true};
  STRATUS_TRY(base, read_image(repositories_, job.name, job.base).with_context("base"));
  STRATUS_TRY(target, read_image(repositories_, job.name, job.target).with_context("target"));

  std::vector<std::shared_ptr<const LayerTars::Tar>> held;
  std::vector<std::filesystem::path> base_tars;
  std::unique_ptr<delta::FileTree> tree;  // opened when the first layer needs it
  DeltaResult result;
  std::vector<oci::Descriptor> layers;
  for (std::size_t i = 0; i < target.diff_ids.size(); ++i) {
    const Digest& diff_id = target.diff_ids[i];
    if (std::find(base.diff_ids.begin(), base.diff_ids.end(), diff_id) != base.diff_ids.end()) continue;
    if (!tree) {
      for (const std::size_t k : oci::distinct_layers(base.diff_ids)) {
        STRATUS_TRY(tar, tars_->get(base.manifest.layers[k], base.diff_ids[k]));
        base_tars.push_back(tar->path);
        held.push_back(std::move(tar));
      }
      STRATUS_TRY(opened, delta::open_tar_tree(base_tars));
      tree = std::move(opened);
    }
    const oci::Descriptor& layer = target.manifest.layers[i];
    STRATUS_TRY(new_tar, tars_->get(layer, diff_id));
    held.push_back(new_tar);
    static std::atomic<unsigned> counter{0};
    const std::filesystem::path recipe = scratch_ / fmt::format("{}.recipe", counter++);
    delta::MakeOptions options;
    options.give_up_at = layer.size;
    options.base_headers = true;
    const auto made = delta::make_recipe(*tree, new_tar->path, recipe, options);
    Result<oci::Descriptor> stored = fail(ErrorCode::conflict, "");
    if (made && made->recipe_bytes < layer.size) stored = store_file(repositories_, job.name, recipe);
    ::unlink(recipe.c_str());
    if (!made && made.error().code() != ErrorCode::conflict) return fail(made.error());
    if (!stored && stored.error().code() != ErrorCode::conflict) return forward_error(std::move(stored));
    if (!stored) continue;  // the layer itself is not larger
    stored->annotations.emplace(media::kDeltaDiffIdAnnotation, diff_id.text());
    result.bytes += stored->size;
    ++result.recipes;
    layers.push_back(std::move(*stored));
  }
  STRATUS_CHECK(store_artifact(repositories_, job, target, std::move(layers)));
  return result;
}

}  // namespace stratus::server
