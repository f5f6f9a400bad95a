// `stratus key generate DIR`: makes the key pair that releases are signed with.
#pragma once

#include <filesystem>

#include "stratus/cli/common.hpp"

namespace stratus::cli {

// DIR/release.key (0600, secret) and DIR/release.pub (for devices). `conflict` when one is there already.
Result<void> generate_key(const std::filesystem::path& directory, const CommonOptions& common);

}  // namespace stratus::cli
