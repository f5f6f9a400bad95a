// Whether a content that a server wants shown is what somebody with a release key signed (docs/adr/0008).
// Pure.
#pragma once

#include "stratus/crypto/release_verifier.hpp"
#include "stratus/wire/content_order.hpp"

namespace stratus::update {

// `denied`: no signature by a trusted key over this item's manifest and id. `invalid`: signed, but the
// manifest names other files than the order. There is no counter to go below: contents do not replace each
// other.
Result<void> check_content(const wire::ContentItem& item, const crypto::ReleaseVerifier& verifier);

}  // namespace stratus::update
