// Whether what a server offers may be had at all: the one check before anything of a release is read. Images,
// firmware and simulated devices go through it. Pure.
#pragma once

#include <string_view>

#include "stratus/crypto/release_verifier.hpp"
#include "stratus/wire/next.hpp"

namespace stratus::update {

// What was signed about the release that answers the question for `name`. `denied`: another name, no
// signature by a trusted key over this manifest and name, signed as another version, or a signed counter
// below `floor`, the highest that was committed here, so that somebody offers what was replaced.
Result<crypto::ReleaseStatement> check_offer(const wire::NextRelease& next, std::string_view name,
                                             const crypto::ReleaseVerifier& verifier, std::uint64_t floor);

}  // namespace stratus::update
