// The lock of a directory that one program at a time works in: flock on a file of it. It ends with its
// holder, however that ended.
#pragma once

#include <filesystem>
#include <string_view>

#include "stratus/base/clock.hpp"
#include "stratus/base/file.hpp"

namespace stratus {

// How long a program that starts waits for its killed predecessor: until the kernel has torn that down (a
// core dump, a map of much memory), it still holds the lock.
constexpr Millis kLockPatience{5000};

// Takes the lock of `file`, which is made when missing. Blocks up to `patience`. `conflict` with the words
// `refusal` when somebody else still holds it then.
Result<FileDescriptor> lock_file(const std::filesystem::path& file, std::string_view refusal,
                                 Millis patience = kLockPatience);

}  // namespace stratus
