// `stratus settings …`: what the server is told while it runs.
#pragma once

#include <cstdint>
#include <optional>

#include "stratus/cli/common.hpp"

namespace stratus::cli {

struct RetentionOptions {
  std::optional<std::uint64_t> metrics, events, history;  // days; what is not named stays as it is
};
// Changes what is named, and shows how long things are kept. `conflict` when somebody else changed it
// between.
Result<void> retention(const RetentionOptions& options, const CommonOptions& common);

}  // namespace stratus::cli
