// Makes an image out of what `stratus publish` was given: a directory, a tar of a root file system, or an OCI
// layout. Reads the version it is laid upon through an ImageTarget, writes nothing there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "stratus/cli/image_target.hpp"
#include "stratus/cli/layer_cache.hpp"
#include "stratus/cli/progress.hpp"
#include "stratus/cli/start_options.hpp"
#include "stratus/oci/image_config.hpp"
#include "stratus/oci/manifest.hpp"
#include "stratus/oci/tree.hpp"
#include "stratus/oci/tree_diff.hpp"

namespace stratus::cli {

struct BuildOptions {
  std::filesystem::path source;
  StartOptions start;
  std::string architecture;  // "" for this machine's, or the older version's
  std::string platform;      // "os/architecture" of a layout with several images
  bool keep_devices = false;
  bool ignore_times = false;
  bool flatten = false;  // one fresh layer, whatever came before
  std::size_t max_layers = 24;
  int level = 0;  // of zstd; 0: by the layer's size
  std::optional<std::pair<std::uint32_t, std::uint32_t>> owner;
};

// The version that the new one is laid upon.
struct BaseImage {
  Digest digest;
  oci::Manifest manifest;
  std::string manifest_text;
  oci::ImageConfig config;
  oci::Tree tree;
};

struct BuiltLayer {
  oci::Descriptor descriptor;
  Digest diff_id;
  std::filesystem::path file;  // empty: the base has it
};

struct BuiltImage {
  std::string manifest, media_type, config;
  Digest digest;
  std::vector<BuiltLayer> layers;
  oci::DiffSummary summary;
  bool flattened = false;
  std::vector<std::string> command;  // what it starts
  std::string start_problem;  // why that will not work, as far as can be seen; "" when nothing is wrong
};

// The base's layers come from the cache, or are fetched once and remembered there.
Result<BaseImage> load_base(ImageTarget& target, const std::string& name, const PublishedVersion& version,
                            const LayerCache& cache, Progress& progress);

// Settings that `options` leave open are those of the base, so whoever signs the image vouches for the base
// too (docs/adr/0007). `scratch`: an existing directory for the new layer; it must stay until the image was
// sent.
Result<BuiltImage> build_image(const BuildOptions& options, const BaseImage* base, const LayerCache& cache,
                               const std::filesystem::path& scratch, Progress& progress);

}  // namespace stratus::cli
