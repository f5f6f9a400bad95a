#include "stratus/cli/image_build.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include <fcntl.h>
#include <fmt/format.h>

#include "stratus/base/clock.hpp"
#include "stratus/base/file.hpp"
#include "stratus/cli/layout_import.hpp"
#include "stratus/cli/start_check.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/oci/layer_index.hpp"
#include "stratus/oci/layer_writer.hpp"
#include "stratus/oci/layout.hpp"
#include "stratus/oci/media_types.hpp"
#include "stratus/oci/tree_scan.hpp"

namespace stratus::cli {

namespace fs = std::filesystem;
namespace media = oci::media;

namespace {

// When the image was made: SOURCE_DATE_EPOCH, or the time of the newest file. Never the present, so that the
// same input gives the same digest.
Result<std::string> creation_time(const oci::Tree& tree) {
  std::int64_t seconds = 0;
  if (const char* const epoch = std::getenv("SOURCE_DATE_EPOCH"); epoch != nullptr && *epoch != '\0') {
    const std::string_view text = epoch;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc() || end != text.data() + text.size() || seconds < 0) {
      return fail(ErrorCode::invalid, fmt::format("SOURCE_DATE_EPOCH={}: not a number of seconds", text));
    }
  } else {
    for (const auto& [path, node] : tree.nodes) {
      if (node.entry.type != oci::EntryType::directory) seconds = std::max(seconds, node.entry.mtime_s);
    }
  }
  constexpr std::int64_t kLatest = 253402300799;  // the last second of the year 9999
  std::string text =
      format_time(WallTime(std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, kLatest))));
  return text.replace(text.find('.'), std::string::npos, "Z");  // whole seconds
}

void remember(const LayerCache& cache, const fs::path& blob, const Digest& diff_id) {
  oci::LayerPolicy policy;
  policy.keep_devices = true;
  oci::LayerScanner scanner(oci::Compression::zstd, policy, {});
  const auto mapped = MappedFile::open(blob);
  if (!mapped || !scanner.feed(mapped->bytes())) return;
  if (const auto layer = scanner.finish()) cache.put(diff_id, layer->items);
}

Result<oci::ScannedTree> scan(const BuildOptions& options, const fs::path& scratch, Progress& progress) {
  oci::ScanOptions scan_options;
  scan_options.policy.keep_devices = options.keep_devices;
  scan_options.owner = options.owner;
  scan_options.on_bytes = [&](std::uint64_t bytes) { progress.advance(bytes); };
  std::error_code error;
  const fs::file_status status = fs::status(options.source, error);
  progress.start("Reading " + options.source.filename().string(), 0);
  if (fs::is_directory(status)) return oci::scan_directory(options.source, scan_options);
  if (fs::is_regular_file(status)) return oci::scan_rootfs_tar(options.source, scratch, scan_options);
  return fail(ErrorCode::not_found,
              fmt::format("{} is neither a directory nor a tar file", options.source.string()));
}

Result<BuiltImage> finish_image(BuiltImage image, oci::ImageConfig config, const std::string& media_type) {
  oci::Manifest manifest;
  manifest.media_type = media_type;
  config.diff_ids.clear();
  for (const BuiltLayer& layer : image.layers) {
    manifest.layers.push_back(layer.descriptor);
    config.diff_ids.push_back(layer.diff_id);
  }
  image.config = oci::encode_image_config(config);
  manifest.config.media_type = media::kConfig;
  manifest.config.digest = sha256(image.config);
  manifest.config.size = image.config.size();
  image.manifest = oci::encode_manifest(manifest);
  image.media_type = media_type;
  image.digest = sha256(image.manifest);
  return image;
}

void note_start(BuiltImage& image, const oci::ImageConfig& config, const oci::Tree& tree) {
  image.command = config.command();
  image.start_problem = check_start(config, tree);
}

std::vector<BuiltLayer> layers_of(const BaseImage& base) {
  std::vector<BuiltLayer> out;
  for (std::size_t i = 0; i < base.manifest.layers.size(); ++i) {
    out.push_back({base.manifest.layers[i], base.config.diff_ids[i], {}});
  }
  return out;
}

Result<BuiltImage> build_from_tree(const BuildOptions& options, const BaseImage* base,
                                   const oci::ScannedTree& scanned, oci::ImageConfig config,
                                   const LayerCache& cache, const fs::path& scratch, Progress& progress) {
  BuiltImage image;
  const oci::CompareOptions compare{options.ignore_times};
  oci::TreeDiff diff;
  if (base != nullptr) diff = oci::diff_trees(base->tree, scanned.tree, compare);
  image.summary = diff.summary;
  const bool too_many = base != nullptr && !diff.changes.empty() &&
                        base->manifest.layers.size() + 1 > std::max<std::size_t>(options.max_layers, 1);
  image.flattened = base != nullptr && (options.flatten || too_many);
  if (base == nullptr || image.flattened) {
    const oci::TreeDiff whole = oci::diff_trees({}, scanned.tree, compare);
    if (base == nullptr) image.summary = whole.summary;
    diff.changes = whole.changes;
  } else {
    image.layers = layers_of(*base);
  }
  if (!diff.changes.empty()) {
    std::uint64_t total = 0;
    for (const oci::LayerChange& change : diff.changes) {
      if (change.kind == oci::LayerChange::Kind::put) total += change.node->entry.size;
    }
    progress.start("Compressing", total);
    oci::LayerWriteOptions write;
    write.level = options.level;
    write.is_change = base != nullptr && !image.flattened;
    write.on_bytes = [&](std::uint64_t bytes) { progress.advance(bytes); };
    STRATUS_TRY(layer, oci::write_layer(diff, *scanned.content, scratch / "layer.tar.zst", write));
    remember(cache, scratch / "layer.tar.zst", layer.diff_id);
    image.layers.push_back({layer.descriptor, layer.diff_id, scratch / "layer.tar.zst"});
    STRATUS_TRY(created, creation_time(scanned.tree));
    config.created = std::move(created);
  }
  STRATUS_CHECK(apply_start_options(options.start, config));
  note_start(image, config, scanned.tree);
  return finish_image(std::move(image), std::move(config), std::string(media::kManifest));
}

}  // namespace

Result<BaseImage> load_base(ImageTarget& target, const std::string& name, const PublishedVersion& version,
                            const LayerCache& cache, Progress& progress) {
  BaseImage base;
  base.digest = version.manifest;
  const auto load = [&]() -> Result<void> {
    STRATUS_TRY(text, target.fetch_manifest(name, version.manifest));
    base.manifest_text = std::move(text);
    STRATUS_TRY(manifest, oci::parse_manifest(base.manifest_text));
    STRATUS_CHECK(oci::check_image(manifest));
    STRATUS_TRY(config_text, target.fetch_text(name, manifest.config.digest, oci::kMaxConfig));
    STRATUS_TRY(config, oci::parse_image_config(config_text));
    if (config.diff_ids.size() != manifest.layers.size()) {
      return fail(ErrorCode::invalid, "its configuration names another number of layers than its manifest");
    }
    base.manifest = std::move(manifest);
    base.config = std::move(config);
    for (std::size_t i = 0; i < base.manifest.layers.size(); ++i) {
      const Digest& diff_id = base.config.diff_ids[i];
      std::optional<oci::LayerItems> items = cache.find(diff_id);
      if (!items) {
        const oci::Descriptor& layer = base.manifest.layers[i];
        progress.start(fmt::format("Fetching layer {} of {}:{}", i + 1, name, version.version), layer.size);
        STRATUS_TRY(compression, oci::compression_of_media_type(layer.media_type));
        oci::LayerPolicy policy;
        policy.keep_devices = true;  // it was published: whether to refuse them was decided then
        oci::LayerScanner scanner(compression, policy, {});
        STRATUS_CHECK(target.fetch_blob(name, layer, [&](BytesView bytes) {
          progress.advance(bytes.size());
          return scanner.feed(bytes);
        }));
        STRATUS_TRY(scanned, scanner.finish());
        if (scanned.diff_id != diff_id) {
          return fail(ErrorCode::corrupt, fmt::format("layer {} is not what the configuration says", i + 1));
        }
        cache.put(diff_id, scanned.items);
        items = std::move(scanned.items);
      }
      STRATUS_CHECK(oci::apply_layer(base.tree, *items).with_context(fmt::format("layer {}", i + 1)));
    }
    return {};
  };
  STRATUS_CHECK(load().with_context(
      fmt::format("read {}:{}, on which the new version is laid", name, version.version)));
  return base;
}

Result<BuiltImage> build_image(const BuildOptions& options, const BaseImage* base, const LayerCache& cache,
                               const fs::path& scratch, Progress& progress) {
  if (oci::Layout::is_layout(options.source)) {
    STRATUS_TRY(imported, import_layout(options, cache, scratch, progress));
    note_start(imported.image, imported.config, imported.content.tree);
    if (!imported.rebuild) return std::move(imported.image);
    BuildOptions flat = options;
    flat.flatten = imported.flatten;
    if (!imported.flatten)
      return finish_image(std::move(imported.image), std::move(imported.config), imported.image.media_type);
    STRATUS_TRY(image, build_from_tree(flat, nullptr, imported.content, std::move(imported.config), cache,
                                       scratch, progress));
    image.flattened = true;
    return image;
  }
  STRATUS_TRY(scanned, scan(options, scratch, progress));
  oci::ImageConfig config;
  if (base != nullptr) config = base->config;
  if (!options.architecture.empty()) config.architecture = options.architecture;
  if (config.architecture.empty()) config.architecture = oci::this_architecture();
  return build_from_tree(options, base, scanned, std::move(config), cache, scratch, progress);
}

}  // namespace stratus::cli
