// An OCI image layout on disk (OCI image specification 1.1, image-layout.md): read what others made, write
// what skopeo, podman and umoci read. One process at a time; not a store.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "stratus/base/digest.hpp"
#include "stratus/base/result.hpp"
#include "stratus/base/sink.hpp"
#include "stratus/oci/manifest.hpp"

namespace stratus::oci {

class Layout {
 public:
  // Whether `directory` looks like one.
  static bool is_layout(const std::filesystem::path& directory);
  static Result<Layout> open(const std::filesystem::path& directory);
  // Makes one, or opens the one that is there. `conflict` when the directory holds something else.
  static Result<Layout> create(const std::filesystem::path& directory);

  Result<Index> index() const;
  std::filesystem::path blob_path(const Digest& digest) const;
  bool has_blob(const Digest& digest) const;
  // The whole blob, verified (`corrupt`), at most `limit` bytes.
  Result<std::string> read_blob(const Digest& digest, std::uint64_t limit) const;
  // Streams it and verifies: after `corrupt` discard what was taken.
  Result<void> read_blob(const Digest& digest, const ByteSink& sink) const;

  Result<Digest> write_blob(std::string_view data);
  Result<void> write_blob(const Digest& digest, const std::filesystem::path& file);  // a copy of `file`
  // Adds to the index; with a ref name, instead of what had that name before.
  Result<void> add_manifest(const Descriptor& manifest);

 private:
  explicit Layout(std::filesystem::path directory) : directory_(std::move(directory)) {}
  std::filesystem::path directory_;
};

}  // namespace stratus::oci
