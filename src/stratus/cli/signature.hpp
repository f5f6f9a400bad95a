// A release's signature as an OCI artifact that refers to the image (docs/formats/image.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/cli/image_target.hpp"
#include "stratus/crypto/deploy_verdict.hpp"
#include "stratus/crypto/release_verifier.hpp"

namespace stratus::cli {

oci::Descriptor describe(std::string_view media_type, std::string_view text);

// What `key` has signed about this image as `version` of the name (any version when empty), the newest of it;
// nothing when it has not. Only what the key proves counts, whatever the server says beside it.
Result<std::optional<crypto::ReleaseStatement>> find_statement(ImageTarget& target, const std::string& name,
                                                               const Digest& image,
                                                               const crypto::PublicKey& key,
                                                               const std::string& version);

// The highest counter that `key` has signed for what devices may run: the target, wherever it is in the list,
// and the newest of `versions`. Clocks differ, counters must not.
Result<std::uint64_t> newest_counter(ImageTarget& target, const std::string& name,
                                     const std::vector<PublishedVersion>& versions,
                                     const crypto::PublicKey& key);

// What the signatures of this image claim, by any key, proven by nothing: enough to tell people what devices
// will say. Broken ones are left out.
Result<std::vector<crypto::SignedAs>> claimed_signatures(ImageTarget& target, const std::string& name,
                                                         const Digest& image);

struct SignOptions {
  std::uint64_t newest = 0;  // the highest counter that this key has signed for the name
  // Also when the version was signed before a newer one: devices that run the newer one refuse it otherwise.
  bool renew = false;
};

// One a key and version is enough: devices fetch them. Answers the key's id.
Result<std::string> send_signature(ImageTarget& target, const std::string& name, const std::string& version,
                                   const oci::Descriptor& image, const crypto::SigningKey& key,
                                   const SignOptions& options);

}  // namespace stratus::cli
