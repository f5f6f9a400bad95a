// `stratus audit …`: the audit log of a server, exported and verified.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "stratus/base/result.hpp"
#include "stratus/cli/common.hpp"

namespace stratus::cli {

struct AuditListOptions {
  std::string actor, action, object;
  std::int64_t limit = 50;
};
Result<void> list_audit(const AuditListOptions& options, const CommonOptions& common);

// One JSON object a line, oldest first, to `file` or to standard output ("-"). The file appears whole or not
// at all.
Result<void> export_audit(const std::filesystem::path& file, const CommonOptions& common);

// Follows the chain of an exported file, or of the server's log when `file` is empty; the server is then also
// asked whether its database agrees. `head` ("SEQUENCE:HASH", noted earlier): that entry must still be there.
// `corrupt` names the first entry that is wrong.
Result<void> verify_audit(const std::filesystem::path& file, const std::string& head,
                          const CommonOptions& common);

}  // namespace stratus::cli
