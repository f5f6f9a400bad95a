// Names of images: "name", "name:tag", "name@sha256:…" (OCI distribution specification 1.1, "Pulling
// manifests"). No host part: the server is said elsewhere.
#pragma once

#include <string>
#include <string_view>

#include "stratus/base/digest.hpp"
#include "stratus/base/result.hpp"

namespace stratus::oci {

// [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)* joined by '/', at most 255 bytes.
bool is_repository_name(std::string_view text);
// [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}
bool is_tag(std::string_view text);

struct Reference {
  std::string name;
  std::string tag;  // "" when absent
  Digest digest;    // empty() when absent
};
// `invalid` with what is wrong; at least the name is there.
Result<Reference> parse_reference(std::string_view text);

}  // namespace stratus::oci
