// What a registry knows beside its blobs, as files (docs/formats/store.md), each change one atomic rename:
//   repositories/<name>/_blobs/<hex>                    this repository may serve the blob (empty file)
//   repositories/<name>/_manifests/<hex>                is a manifest here; holds its media type
//   repositories/<name>/_tags/<tag>                     holds the manifest's digest
//   repositories/<name>/_referrers/<subject hex>/<hex>  holds the referrer's descriptor (JSON)
// Components of names never start with '_', so the four cannot be taken for repositories.
//
// The link in _manifests is the commit point of a push: index entries and tags without it do not count.
// Thread-safe; blocks. Every name is checked against the OCI grammar first (`invalid`).
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "stratus/store/file_blob_store.hpp"
#include "stratus/store/manifest_refs.hpp"

namespace stratus::store {

struct ManifestInfo {
  Digest digest;
  std::string media_type;
  std::uint64_t size = 0;
};

struct PushedManifest {
  Digest digest;
  std::optional<Digest> subject;
};

struct Referrer {
  ManifestInfo manifest;
  std::string artifact_type;
  std::map<std::string, std::string> annotations;
};

class RepositoryStore {
 public:
  // `blobs` must outlive it.
  static Result<std::unique_ptr<RepositoryStore>> open(const std::filesystem::path& root,
                                                       FileBlobStore& blobs);

  FileBlobStore& blobs() { return blobs_; }
  const FileBlobStore& blobs() const { return blobs_; }

  // Makes a stored blob part of the repository; idempotent, durable on return. `not_found`: no such blob.
  Result<void> link_blob(std::string_view name, const Digest& digest);
  // `not_found` unless the repository may serve it. Somebody relies on the answer: protects it as touch does.
  Result<BlobInfo> find_blob(std::string_view name, const Digest& digest) const;
  // For reading; what is open stays readable whatever happens to the blob.
  Result<BlobReader> open_blob(std::string_view name, const Digest& digest) const;
  Result<void> unlink_blob(std::string_view name, const Digest& digest);

  // Checks the manifest and that all it names is in the repository (`not_found` naming what is missing), then
  // stores it and, if given, points `tag` at it. `corrupt`: not of digest `expected`.
  Result<PushedManifest> put_manifest(std::string_view name, std::string_view body,
                                      std::string_view content_type, const std::optional<std::string>& tag,
                                      const std::optional<Digest>& expected);
  Result<ManifestInfo> find_manifest(std::string_view name, const Digest& digest) const;
  Result<ManifestInfo> find_tag(std::string_view name, std::string_view tag) const;
  Result<std::string> read_manifest(std::string_view name, const Digest& digest) const;
  Result<void> delete_tag(std::string_view name, std::string_view tag);
  // With every tag that points at it.
  Result<void> delete_manifest(std::string_view name, const Digest& digest);

  Result<std::vector<std::string>> tags(std::string_view name) const;  // sorted; `not_found`: no repository
  Result<std::vector<Digest>> manifests(std::string_view name) const;  // none for an unknown repository
  Result<std::vector<Digest>> blob_links(std::string_view name) const;
  Result<std::vector<Referrer>> referrers(std::string_view name, const Digest& subject) const;  // by digest
  Result<std::vector<std::string>> repositories() const;             // with a manifest; sorted
  Result<std::vector<std::string>> repositories_with_blobs() const;  // also those that hold only blobs yet

  // Protects a manifest and all it needs (children, configuration, layers, referrers) from running sweeps.
  Result<void> touch_tree(std::string_view name, const Digest& digest) const;

  // For the collector, one name at a time, while no push is between its check and its link: the link goes
  // when the sweep finds the blob unused since `cutoff`. Answers whether it went.
  Result<bool> sweep_manifest(std::string_view name, const Digest& digest, const Sweep& sweep,
                              WallTime cutoff);
  Result<bool> sweep_blob_link(std::string_view name, const Digest& digest, const Sweep& sweep,
                               WallTime cutoff);
  Result<bool> sweep_blob(const Digest& digest, Sweep& sweep, WallTime cutoff);

 private:
  RepositoryStore(std::filesystem::path root, FileBlobStore& blobs) : root_(std::move(root)), blobs_(blobs) {}
  std::filesystem::path directory(std::string_view name) const;
  Result<std::vector<std::string>> walk(bool blobs_count) const;
  Result<void> write_link(const std::filesystem::path& path, std::string_view content);
  Result<void> check_references(std::string_view name, const ManifestRefs& refs) const;
  Result<void> touch_trees_locked(std::string_view name, std::vector<Digest> roots) const;
  Result<ManifestRefs> touch_manifest(std::string_view name, const Digest& digest) const;
  Result<void> remove_manifest_locked(std::string_view name, const Digest& digest);
  bool is_unused(const Digest& digest, const Sweep& sweep, WallTime cutoff) const;

  std::filesystem::path root_;
  FileBlobStore& blobs_;
  // Shared: pushes, whose steps are atomic renames of their own. Exclusive: whatever makes names vanish.
  mutable std::shared_mutex changes_;
  std::mutex directories_;
};

}  // namespace stratus::store
