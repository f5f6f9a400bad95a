// `stratus devices` and `stratus watch`: what devices run, once or until interrupted; `stratus gc`.
#pragma once

#include <chrono>

#include "stratus/cli/common.hpp"

namespace stratus::cli {

Result<void> list_devices(const CommonOptions& common);
// Prints every change of a device as one line (with --json: one object a line), for ever or for `longest`
// when that is not zero.
Result<void> watch_devices(const CommonOptions& common, std::chrono::seconds longest);
Result<void> collect_garbage(bool dry_run, const CommonOptions& common);

}  // namespace stratus::cli
