// Images as people look at them: what each is made of, what its layers hold, what two of them differ in.
// Blocks; thread-safe. Everything that is kept is named by digest and so never goes stale; what is kept is
// bounded.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "stratus/server/layer_indexes.hpp"
#include "stratus/store/repository_store.hpp"

namespace stratus::server {

struct ImageFacts {
  Digest digest;
  std::uint64_t manifest_bytes = 0;
  std::uint64_t config_bytes = 0;
  std::string architecture, os, created;
  struct Layer {
    oci::Descriptor blob;
    Digest diff_id;
  };
  std::vector<Layer> layers;  // lowest first

  std::uint64_t bytes() const;  // manifest, configuration, all layers as they are stored
};

// A line of a layer's list or of a comparison.
struct FileRow {
  std::string path;  // with a slash before it
  // added, changed, removed; same: written again as it was; opaque: nothing older shows in the directory
  std::string change;
  std::string kind;  // file, directory, symlink, hard_link, char_device, block_device, fifo; "" when removed
  std::uint64_t size = 0;
  std::uint32_t mode = 0, uid = 0, gid = 0;
  std::int64_t mtime_s = 0;
  std::string target;  // of a link
  Digest content;      // of a file; empty otherwise
  std::uint64_t size_before = 0;
};
struct FileList {
  std::vector<FileRow> rows;  // by path
  struct Sum {
    std::uint64_t paths = 0;
    std::uint64_t bytes = 0;  // of files: new bytes, of removed ones the old
  };
  std::map<std::string, Sum> sums;  // by change
};

class ImageCatalogue {
 public:
  // `repositories` must outlive it.
  static Result<std::unique_ptr<ImageCatalogue>> open(const std::filesystem::path& directory,
                                                      const store::RepositoryStore& repositories);

  // `not_found` when it is not stored, `invalid` for an index of images or what is no image.
  Result<std::shared_ptr<const ImageFacts>> image(const std::string& name, const Digest& digest);
  // What layer number `layer` writes, compared with what the layers below it show.
  Result<std::shared_ptr<const FileList>> layer_files(const ImageFacts& image, std::size_t layer);
  Result<std::shared_ptr<const FileList>> compare(const ImageFacts& older, const ImageFacts& newer);

 private:
  explicit ImageCatalogue(const store::RepositoryStore& repositories) : repositories_(repositories) {}
  Result<oci::Tree> tree_of(const ImageFacts& image, std::size_t layers);
  std::shared_ptr<const FileList> find_list(const std::string& key);
  std::shared_ptr<const FileList> keep_list(const std::string& key, FileList list);

  const store::RepositoryStore& repositories_;
  std::unique_ptr<LayerIndexes> indexes_;
  std::mutex mutex_;
  std::map<Digest, std::shared_ptr<const ImageFacts>> images_;
  std::list<std::pair<std::string, std::shared_ptr<const FileList>>> lists_;  // newest use first
};

// Pure: what `layer` does to `below`; what leads from one tree to the other.
FileList list_layer(const oci::Tree& below, const oci::LayerItems& layer);
FileList list_changes(const oci::Tree& older, const oci::Tree& newer);

}  // namespace stratus::server
