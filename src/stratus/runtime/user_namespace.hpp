// One user namespace for all containers of this program: container ids 0…65535 are host ids base…base+65535,
// which own nothing on the host. It stays as long as a descriptor or a process refers to it.
#pragma once

#include <cstdint>
#include <filesystem>

#include "stratus/base/file.hpp"
#include "stratus/base/result.hpp"

namespace stratus::runtime {

constexpr std::uint32_t kMappedIds = 65536;

// Needs root. The descriptor serves setns() and idmapped mounts.
Result<FileDescriptor> make_user_namespace(std::uint32_t host_base);

// Whether overlayfs on top of idmapped mounts of `store` works here: kernel 5.19 and a file system that knows
// them. `unavailable` says what is missing.
Result<void> probe_idmapped_overlay(int user_namespace, const std::filesystem::path& store);

}  // namespace stratus::runtime
