#include "stratus/cli/layout_import.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include "stratus/base/file.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/oci/layer_index.hpp"
#include "stratus/oci/layer_size.hpp"
#include "stratus/oci/layout.hpp"
#include "stratus/oci/media_types.hpp"

namespace stratus::cli {

namespace fs = std::filesystem;
namespace media = oci::media;

namespace {

bool is_index(const oci::Descriptor& descriptor) {
  return descriptor.media_type == media::kIndex || descriptor.media_type == media::kDockerIndex;
}

// "linux/arm64", "linux/arm/v7"
std::string platform_text(const oci::Descriptor& descriptor) {
  if (!descriptor.platform) return "unknown";
  const oci::Platform& platform = *descriptor.platform;
  return platform.os + "/" + platform.architecture + (platform.variant.empty() ? "" : "/" + platform.variant);
}

// The one image that is meant; signatures and attestations beside it do not count.
Result<oci::Descriptor> choose(const oci::Layout& layout, const oci::Index& index,
                               const BuildOptions& options, int depth = 0) {
  std::vector<oci::Descriptor> candidates;
  std::string names;
  for (const oci::Descriptor& one : index.manifests) {
    const bool unknown = one.platform && one.platform->os == "unknown";
    if (unknown || (!one.artifact_type.empty() && one.artifact_type != media::kConfig)) continue;
    if (!options.platform.empty() && one.platform && platform_text(one) != options.platform) continue;
    candidates.push_back(one);
    const std::string_view tag = one.annotation(media::kRefNameAnnotation);
    names += fmt::format("\n  {} {}", tag.empty() ? one.digest.text() : std::string(tag), platform_text(one));
  }
  if (candidates.empty()) return fail(ErrorCode::not_found, "the layout holds no image that fits");
  if (candidates.size() > 1) {
    return fail(
        ErrorCode::invalid,
        fmt::format(
            "the layout holds several images; choose with --platform OS/ARCHITECTURE, or copy the one "
            "you mean to a layout of its own:{}",
            names));
  }
  if (!is_index(candidates[0])) return candidates[0];
  if (depth > 4) return fail(ErrorCode::invalid, "indexes within indexes within indexes");
  STRATUS_TRY(text, layout.read_blob(candidates[0].digest, oci::kMaxManifest));
  STRATUS_TRY(inner, oci::parse_index(text));
  return choose(layout, inner, options, depth + 1);
}

// Reads file bytes out of several uncompressed layer tars.
class LayersContent : public oci::ContentSource {
 public:
  std::vector<FileDescriptor> tars;

  Result<void> read(const oci::TreeNode& node, const ByteSink& sink) const override {
    Bytes buffer(256u << 10);
    for (std::uint64_t done = 0; done < node.entry.size;) {
      const auto count =
          static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), node.entry.size - done));
      STRATUS_CHECK(
          pread_exact(tars.at(node.source).get(), std::span(buffer).first(count), node.offset + done));
      STRATUS_CHECK(sink(BytesView(buffer).first(count)));
      done += count;
    }
    return {};
  }
};

}  // namespace

Result<ImportedImage> import_layout(const BuildOptions& options, const LayerCache& cache,
                                    const fs::path& scratch, Progress& progress) {
  const std::string where = options.source.string();
  STRATUS_TRY(layout, oci::Layout::open(options.source));
  STRATUS_TRY(index, layout.index());
  STRATUS_TRY(chosen, choose(layout, index, options).with_context(where));
  ImportedImage out;
  STRATUS_TRY(manifest_text, layout.read_blob(chosen.digest, oci::kMaxManifest).with_context(where));
  STRATUS_TRY(manifest, oci::parse_manifest(manifest_text).with_context(where));
  STRATUS_CHECK(oci::check_image(manifest).with_context(where));
  STRATUS_TRY(config_text, layout.read_blob(manifest.config.digest, oci::kMaxConfig).with_context(where));
  STRATUS_TRY(config, oci::parse_image_config(config_text).with_context(where));
  if (config.diff_ids.size() != manifest.layers.size()) {
    return fail(ErrorCode::invalid, fmt::format("{}: the configuration names {} layers, the manifest {}",
                                                where, config.diff_ids.size(), manifest.layers.size()));
  }
  out.image.media_type = manifest.media_type;
  out.image.digest = chosen.digest;
  out.image.manifest = std::move(manifest_text);
  out.image.config = std::move(config_text);
  out.flatten = options.flatten || manifest.layers.size() > std::max<std::size_t>(options.max_layers, 1);
  out.rebuild = out.flatten || !options.start.empty();

  auto content = std::make_unique<LayersContent>();
  oci::LayerPolicy policy;
  policy.keep_devices = options.keep_devices;
  for (std::size_t i = 0; i < manifest.layers.size(); ++i) {
    const oci::Descriptor& layer = manifest.layers[i];
    const std::string what = fmt::format("{}: layer {}", where, i + 1);
    progress.start(fmt::format("Checking layer {} of {}", i + 1, manifest.layers.size()), layer.size);
    STRATUS_TRY(compression, oci::compression_of_media_type(layer.media_type));
    oci::LayerScanner scanner(compression, policy, {});
    if (out.flatten) {
      STRATUS_TRY(tar, open_file(scratch, O_RDWR | O_TMPFILE, 0600));
      content->tars.push_back(std::move(tar));
      scanner.copy_tar_to(
          [fd = content->tars.back().get()](BytesView bytes) { return write_all(fd, bytes); });
    }
    std::uint64_t size = 0;
    STRATUS_CHECK(layout
                      .read_blob(layer.digest,
                                 [&](BytesView bytes) {
                                   size += bytes.size();
                                   progress.advance(bytes.size());
                                   return scanner.feed(bytes);
                                 })
                      .with_context(what));
    if (size != layer.size) {
      return fail(ErrorCode::corrupt,
                  fmt::format("{} has {} bytes, its descriptor says {}", what, size, layer.size));
    }
    STRATUS_TRY(scanned, scanner.finish().with_context(what));
    if (scanned.diff_id != config.diff_ids[i]) {
      return fail(ErrorCode::corrupt, fmt::format("{} is not what the configuration's diff_ids say", what));
    }
    cache.put(scanned.diff_id, scanned.items);
    STRATUS_CHECK(
        oci::apply_layer(out.content.tree, scanned.items, static_cast<std::uint32_t>(i)).with_context(what));
    out.image.layers.push_back({layer, scanned.diff_id, layout.blob_path(layer.digest)});
    // For a manifest made anew; one that is kept as it is stays without.
    oci::annotate(out.image.layers.back().descriptor, {scanned.tar_bytes, oci::disk_bytes_of(scanned.items)});
  }
  out.image.summary = oci::diff_trees({}, out.content.tree).summary;
  out.content.content = std::move(content);
  STRATUS_CHECK(apply_start_options(options.start, config));
  out.config = std::move(config);
  return out;
}

}  // namespace stratus::cli
