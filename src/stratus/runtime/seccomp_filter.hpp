// The default system call filter of a container (docs/security/confinement.md lists it).
#pragma once

#include "stratus/base/bytes.hpp"
#include "stratus/base/result.hpp"

namespace stratus::runtime {

// A classic BPF program (array of sock_filter) for SECCOMP_SET_MODE_FILTER, for this machine's architecture.
// System calls that the library does not know (newer than it) answer ENOSYS, so that C libraries fall back;
// the dangerous ones answer EPERM; a foreign architecture kills the process. Takes a few milliseconds: make
// it once.
Result<Bytes> make_default_filter();

}  // namespace stratus::runtime
