// Decides which bytes of a new file are copied from where: a list of steps for PatchWriter.
#pragma once

#include <vector>

#include "stratus/delta/match_finder.hpp"
#include "stratus/delta/patch.hpp"

namespace stratus::delta {

// Steps whose positions count from the reference's beginning. `position`: where copying is supposed to start
// (the old version of the same file), if anywhere. Approximate matches are followed as far as more than half
// of their bytes agree, as bsdiff does (C. Percival, "Naive differences of executable code", 2003).
std::vector<PatchStep> align(BytesView target, BytesView reference, const MatchFinder& finder,
                             std::uint64_t position);

}  // namespace stratus::delta
