// Uncompressed layers in a temporary directory, kept for the next delta: a base's tree is read from its
// layers' tars. Bounded: what is not in use goes, least recently used first. Thread-safe; blocks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "stratus/oci/manifest.hpp"
#include "stratus/store/blob_store.hpp"

namespace stratus::server {

class LayerTars {
 public:
  // While held, the file stays.
  struct Tar {
    std::filesystem::path path;
    std::uint64_t size = 0;
  };

  // `directory` is emptied: what a crash left in it is worth nothing.
  static Result<std::unique_ptr<LayerTars>> open(const std::filesystem::path& directory, std::uint64_t limit,
                                                 const store::BlobStore& blobs);

  // `corrupt` when the layer is not what `diff_id` says.
  Result<std::shared_ptr<const Tar>> get(const oci::Descriptor& layer, const Digest& diff_id);
  std::uint64_t bytes() const;

 private:
  LayerTars(std::filesystem::path directory, std::uint64_t limit, const store::BlobStore& blobs)
      : directory_(std::move(directory)), limit_(limit), blobs_(blobs) {}
  Result<std::uint64_t> uncompress(const oci::Descriptor& layer, const Digest& diff_id,
                                   const std::filesystem::path& to) const;
  void evict();

  struct Entry {
    Digest diff_id;
    std::shared_ptr<const Tar> tar;
  };

  std::filesystem::path directory_;
  std::uint64_t limit_;
  const store::BlobStore& blobs_;
  mutable std::mutex
      mutex_;  // held while uncompressing too: two workers seldom want different layers at once
  std::list<Entry> entries_;  // newest use first
  std::unordered_map<Digest, std::list<Entry>::iterator> by_diff_id_;
  std::uint64_t bytes_ = 0;
};

}  // namespace stratus::server
