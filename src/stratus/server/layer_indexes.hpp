// What is in layers, file by file, without the bytes: made by reading a layer through once, kept in memory
// and in a directory. Both are bounded, least recently used goes first; what is damaged is made anew.
// Thread-safe; blocks: reading a big layer takes seconds, one at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "stratus/oci/layer_index.hpp"
#include "stratus/oci/manifest.hpp"
#include "stratus/store/blob_store.hpp"

namespace stratus::server {

struct LayerIndexLimits {
  std::uint64_t disk_bytes = 256u << 20;
  std::size_t entries = 1'000'000;         // in memory
  std::uint64_t entries_of_one = 500'000;  // `no_space` for a layer with more
};

class LayerIndexes {
 public:
  using Items = std::shared_ptr<const oci::LayerItems>;

  // `blobs` must outlive it.
  static Result<std::unique_ptr<LayerIndexes>> open(const std::filesystem::path& directory,
                                                    LayerIndexLimits limits, const store::BlobStore& blobs);

  // In the layer's order. `corrupt` when the layer is not what `diff_id` says, `invalid` when it is no layer
  // of files.
  Result<Items> get(const oci::Descriptor& layer, const Digest& diff_id);

 private:
  struct Entry {
    Digest diff_id;
    Items items;
  };
  LayerIndexes(std::filesystem::path directory, LayerIndexLimits limits, const store::BlobStore& blobs)
      : directory_(std::move(directory)), limits_(limits), blobs_(blobs) {}
  Result<oci::LayerItems> scan(const oci::Descriptor& layer, const Digest& diff_id) const;
  Items remember(const Digest& diff_id, oci::LayerItems items);
  void keep(const Digest& diff_id, const oci::LayerItems& items) const;
  void evict_files() const;

  std::filesystem::path directory_;
  LayerIndexLimits limits_;
  const store::BlobStore& blobs_;
  std::mutex mutex_;          // held while scanning too
  std::list<Entry> entries_;  // newest use first
  std::unordered_map<Digest, std::list<Entry>::iterator> by_diff_id_;
  std::size_t held_ = 0;  // items
};

}  // namespace stratus::server
