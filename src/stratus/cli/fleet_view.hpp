// `stratus overview`, `gateways`, `image …` and `device why`: looking at the whole fleet.
#pragma once

#include <string>

#include "stratus/base/result.hpp"
#include "stratus/cli/common.hpp"

namespace stratus::cli {

Result<void> show_overview(const CommonOptions& common);
Result<void> list_gateways(const CommonOptions& common);
Result<void> explain_device(const std::string& device, const CommonOptions& common);

Result<void> list_images(const CommonOptions& common);
// "NAME:VERSION".
Result<void> list_layers(const std::string& reference, const CommonOptions& common);
struct ImageDiffOptions {
  std::string name;  // of both versions
  std::string from, to;
  std::string change, under;  // "": all
};
Result<void> compare_images(const ImageDiffOptions& options, const CommonOptions& common);
// "NAME:VERSION" and the digest of one of its layers.
Result<void> list_layer_files(const std::string& reference, const std::string& layer,
                              const CommonOptions& common);

}  // namespace stratus::cli
