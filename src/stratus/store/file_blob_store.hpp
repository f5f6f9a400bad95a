// The blob store as files (docs/formats/store.md):
//   blobs/sha256/ab/<64 hex>   whole, verified, read-only by convention
//   uploads/<key>              partial blobs that survive a restart (registry uploads, gateway transfers)
//   uploads/.tmp-<pid>-<n>     anonymous writers; whoever opens the store next removes what a crash left
//
// Thread-safe. Several processes may share one directory (a gateway handing over to its successor): a writer
// holds flock on its file, a reader a shared one, names appear by rename only. Crash-safe at any instant: a
// final name appears after its bytes were synced, and a commit answers after its directory was.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>

#include "stratus/base/clock.hpp"
#include "stratus/store/blob_store.hpp"

namespace stratus::store {

// A partial blob under a key. Stays on disk when the object goes, until committed or discarded.
// One thread at a time; `fd()` may be read (pread, below size()) by others meanwhile.
class PartialBlob : public BlobWriter {
 public:
  virtual int fd() const = 0;
  virtual Result<void> sync() = 0;     // what was written so far survives a power cut
  virtual Result<void> discard() = 0;  // removes it; nothing but destruction may follow
};

struct PartialInfo {
  std::string key;
  std::uint64_t size = 0;
  WallTime last_written{};
};

enum class PartialMode : std::uint8_t { create, resume, create_or_resume };

// A pass that removes unused blobs while others go on pushing. What is committed or touched after the pass
// began is never removed by it, whatever the clock does.
class Sweep {
 public:
  virtual ~Sweep() = default;
  // Removes the blob unless somebody has it open, or it was used at or after `cutoff` or since the pass
  // began; answers whether.
  virtual Result<bool> remove_if_unused(const Digest& digest, WallTime cutoff) = 0;
  virtual bool used_since_start(const Digest& digest) const = 0;  // or being read
};

class FileBlobStore final : public BlobStore {
 public:
  // Creates the directories where missing, removes orphans, counts what is there.
  static Result<std::unique_ptr<FileBlobStore>> open(const std::filesystem::path& root);
  ~FileBlobStore() override;

  Result<BlobInfo> stat(const Digest& digest) const override;
  Result<BlobReader> open(const Digest& digest) const override;
  Result<std::unique_ptr<BlobWriter>> create() override;
  Result<void> remove(const Digest& digest) override;
  Result<void> for_each(const std::function<void(const BlobInfo&)>& visit) const override;
  std::uint64_t total_bytes() const override { return total_bytes_; }
  std::uint64_t count() const { return count_; }

  // Whether the blob's last use is told wrongly by more than a minute: after a long transfer, to be touched
  // again, since its grace time counts from the end of it. Does not block.
  static bool is_touch_due(const BlobReader& reader);

  // The whole blob as text, `no_space` beyond `limit`.
  Result<std::string> read(const Digest& digest, std::uint64_t limit) const;
  // Stores `data` under its own digest.
  Result<BlobInfo> put(BytesView data);
  // Somebody relies on this blob from now on: as `stat`, and protects it from sweeps for their grace time.
  Result<BlobInfo> touch(const Digest& digest) const;

  // Key: 1–128 of [A-Za-z0-9_-]. Resuming reads the file once to rebuild its hash. `conflict`: exists
  // (create) or is being written by somebody else; `not_found`: does not exist (resume).
  Result<std::unique_ptr<PartialBlob>> open_partial(std::string_view key, PartialMode mode);
  Result<PartialInfo> stat_partial(std::string_view key) const;
  // Idempotent; leaves it in place, with `conflict`, while somebody writes it.
  Result<void> discard_partial(std::string_view key);
  Result<void> for_each_partial(const std::function<void(const PartialInfo&)>& visit) const;

  // One pass at a time: `conflict` while another one lives.
  Result<std::unique_ptr<Sweep>> begin_sweep();

  const std::filesystem::path& root() const { return root_; }
  std::filesystem::path path_of(const Digest& digest) const;

 private:
  friend class FileBlobWriter;
  friend class FileSweep;

  explicit FileBlobStore(std::filesystem::path root) : root_(std::move(root)) {}
  std::filesystem::path uploads() const { return root_ / "uploads"; }
  Result<void> prepare();
  Result<BlobInfo> publish(const std::filesystem::path& from, const Digest& digest, std::uint64_t size);

  std::filesystem::path root_;
  std::atomic<std::uint64_t> total_bytes_{0};
  std::atomic<std::uint64_t> count_{0};
  std::atomic<unsigned> next_temporary_{0};
  // Guards appearing and disappearing of names together with the counters and the running pass.
  mutable std::mutex names_;
  mutable bool sweeping_ = false;
  mutable std::unordered_set<Digest> used_;  // while sweeping
};

}  // namespace stratus::store
