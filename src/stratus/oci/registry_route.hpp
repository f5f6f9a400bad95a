// Which endpoint of the OCI distribution specification 1.1 a request path means. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "stratus/base/digest.hpp"
#include "stratus/base/result.hpp"

namespace stratus::oci {

enum class RegistryEndpoint : std::uint8_t {
  base,       // /v2/
  catalog,    // /v2/_catalog
  blob,       // /v2/<name>/blobs/<digest>
  uploads,    // /v2/<name>/blobs/uploads/
  upload,     // /v2/<name>/blobs/uploads/<id>
  manifest,   // /v2/<name>/manifests/<tag or digest>
  tags,       // /v2/<name>/tags/list
  referrers,  // /v2/<name>/referrers/<digest>
  unknown,
};

struct RegistryRoute {
  RegistryEndpoint endpoint = RegistryEndpoint::unknown;
  std::string name;
  std::string reference;  // digest, tag or upload id, as it stands
  Digest digest;          // for blob, referrers, and manifest by digest; else empty

  bool by_digest() const { return !digest.empty(); }
};

// An error body's machine-readable part (the specification's "Error Codes").
struct OciError {
  int status = 500;
  std::string code = "UNKNOWN";
  std::string message;
};

// `path`: percent-decoded, without the query. Names, tags and digests are checked by their grammar; what does
// not fit fills `error` and yields `unknown`.
RegistryRoute parse_registry_route(std::string_view path, OciError& error);

// {"errors":[{"code":…,"message":…}]}
std::string encode_oci_error(const OciError& error);

}  // namespace stratus::oci
