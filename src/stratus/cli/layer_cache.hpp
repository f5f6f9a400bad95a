// What a publisher remembers of layers it has seen: their entries with digests, by diff id, so that
// publishing the next version fetches nothing old. $XDG_CACHE_HOME/stratus/layers; safe to delete, never
// trusted blindly (a damaged entry is simply fetched again).
#pragma once

#include <filesystem>
#include <optional>

#include "stratus/base/digest.hpp"
#include "stratus/oci/tree.hpp"

namespace stratus::cli {

class LayerCache {
 public:
  // The usual place; a cache that cannot be made is an empty one.
  static LayerCache open_default();
  explicit LayerCache(std::filesystem::path directory) : directory_(std::move(directory)) {}

  std::optional<oci::LayerItems> find(const Digest& diff_id) const;
  // Keeps the newest entries up to 1 GiB; failing to write only costs time later.
  void put(const Digest& diff_id, const oci::LayerItems& items) const;

 private:
  std::filesystem::path directory_;  // empty: no cache
};

}  // namespace stratus::cli
