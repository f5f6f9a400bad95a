// Signs what `firmware push` and `content push` brought: the same statement as an image's, over the
// artifact's manifest (docs/formats/image.md, "Signature").
#pragma once

#include "stratus/cli/common.hpp"
#include "stratus/crypto/key.hpp"
#include "stratus/oci/reference.hpp"

namespace stratus::cli {

// "firmware/NAME:VERSION" or "content:ID". Of firmware the signature counts more than any that the key has
// given the name's newest versions, so that devices take this one; what is signed so already is left as it
// is.
Result<void> sign_artifact(const oci::Reference& reference, const crypto::SigningKey& key,
                           const CommonOptions& common);

}  // namespace stratus::cli
