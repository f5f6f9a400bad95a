// The entries of a layer without their bytes: what a publisher needs to know of an older image's layers. Made
// while the layer passes by; kept in the publisher's cache so that the layer is not fetched again.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "stratus/base/result.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/oci/decompress.hpp"
#include "stratus/oci/layer_rules.hpp"
#include "stratus/oci/tar_parser.hpp"
#include "stratus/oci/tree.hpp"

namespace stratus::oci {

struct ScannedLayer {
  LayerItems items;
  Digest diff_id;
  std::uint64_t tar_bytes = 0;
};

// Takes a layer blob in pieces, whatever its compression, and checks every entry against the rules.
class LayerScanner {
 public:
  LayerScanner(Compression compression, const LayerPolicy& policy, const DecompressLimits& limits);
  ~LayerScanner();

  // Also gives the uncompressed bytes to `copy`, when set before the first feed.
  void copy_tar_to(ByteSink copy);
  Result<void> feed(BytesView blob);
  Result<ScannedLayer> finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// For the cache. Reading is strict; a damaged text is `corrupt`.
std::string encode_layer_index(const LayerItems& items);
Result<LayerItems> parse_layer_index(std::string_view text);

}  // namespace stratus::oci
