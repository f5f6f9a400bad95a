// `stratus releases` and `stratus inspect`: what was published.
#pragma once

#include <string>

#include "stratus/cli/common.hpp"

namespace stratus::cli {

// All names, or the versions of one.
Result<void> list_releases(const std::string& name, const CommonOptions& common);
// Layers with sizes and which the version before shares, who signed it, which deltas lead to it.
Result<void> inspect(const std::string& reference, const CommonOptions& common);

}  // namespace stratus::cli
