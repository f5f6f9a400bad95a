// Where the agent puts the small files that it cannot do without while DATA's disk has no room (full,
// read-only): /run/stratus-agent/<first 16 digits of the SHA-256 of DATA's absolute path>. It may not be
// there.
#pragma once

#include <filesystem>

namespace stratus::agent {

std::filesystem::path spare_directory(const std::filesystem::path& data);

}  // namespace stratus::agent
