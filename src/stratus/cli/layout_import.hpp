// Takes an image out of an OCI layout: an image built elsewhere keeps its layers, byte for byte, after each
// was read through and found to be fit for a device.
#pragma once

#include "stratus/cli/image_build.hpp"
#include "stratus/oci/tree_scan.hpp"

namespace stratus::cli {

struct ImportedImage {
  BuiltImage image;         // as it stands in the layout
  bool rebuild = false;     // options ask for another configuration or for flattening
  bool flatten = false;     // then `content` is the merged tree
  oci::ImageConfig config;  // with the start options applied
  oci::ScannedTree content;
};

// `invalid` for what no device could run or a layer that breaks the rules; `corrupt` for damaged blobs.
Result<ImportedImage> import_layout(const BuildOptions& options, const LayerCache& cache,
                                    const std::filesystem::path& scratch, Progress& progress);

}  // namespace stratus::cli
