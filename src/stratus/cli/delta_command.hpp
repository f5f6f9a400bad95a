// `stratus delta make OLD NEW OUT` and `stratus delta apply OLD DELTA NEW`: deltas between any two
// directories, tars or files, without a server.
#pragma once

#include <filesystem>

#include "stratus/cli/common.hpp"

namespace stratus::cli {

// Writes to `delta` how to make `fresh` from `old`. Overwrites `delta`.
Result<void> make_delta(const std::filesystem::path& old, const std::filesystem::path& fresh,
                        const std::filesystem::path& delta, const CommonOptions& common);

// Makes `fresh` from `old`: a directory if the delta was made from one, else a file. `conflict` when it is
// there already. After a failure it is not there.
Result<void> apply_delta(const std::filesystem::path& old, const std::filesystem::path& delta,
                         const std::filesystem::path& fresh, const CommonOptions& common);

}  // namespace stratus::cli
