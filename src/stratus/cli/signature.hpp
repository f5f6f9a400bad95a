// A release's signature as an OCI artifact that refers to the image (docs/formats/image.md).
#pragma once

#include <string>
#include <string_view>

#include "stratus/cli/image_target.hpp"
#include "stratus/crypto/release_verifier.hpp"

namespace stratus::cli {

oci::Descriptor describe(std::string_view media_type, std::string_view text);

// One a key is enough: every device fetches all of them. Answers the key's id.
Result<std::string> send_signature(ImageTarget& target, const std::string& name, const std::string& version,
                                   const oci::Descriptor& image, const crypto::SigningKey& key);

}  // namespace stratus::cli
