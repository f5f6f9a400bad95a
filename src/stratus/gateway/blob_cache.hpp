// The pull-through cache of blobs. However many ask for one at once, the upstream is asked once, and what
// comes is passed on while it fills. Kept are only whole blobs of the right digest; the end of a filling one
// is withheld until that is known, so nobody completes a corrupt one: on corruption the askers are cut off.
//
// A transfer that breaks off resumes by Range, also after our own restart. Without room on the disk blobs are
// passed through instead. Belongs to the loop's thread; files are touched on the pool.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "stratus/gateway/blob_index.hpp"
#include "stratus/gateway/counters.hpp"
#include "stratus/gateway/fill.hpp"
#include "stratus/gateway/passage.hpp"
#include "stratus/gateway/upstream.hpp"
#include "stratus/net/http_server.hpp"
#include "stratus/net/loop.hpp"
#include "stratus/net/worker_pool.hpp"
#include "stratus/store/file_blob_store.hpp"

namespace stratus::gateway {

class BlobCache {
 public:
  // What is referred to must outlive it. `pinned`: blobs that are not to be evicted.
  BlobCache(net::Executor executor, store::FileBlobStore& store, Upstream& upstream, net::WorkerPool& pool,
            Counters& counters, std::uint64_t limit, std::function<std::unordered_set<Digest>()> pinned);
  ~BlobCache();

  Result<void> load();  // blocks; before the first request
  // Answers GET and HEAD of a blob. An error was not answered yet.
  net::Task<Result<void>> serve(net::Exchange& exchange, const std::string& name, const Digest& digest);
  net::Task<void> stop();

  const BlobIndex& index() const { return index_; }
  std::size_t filling() const { return fills_.size(); }

 private:
  struct OpenBlob;
  using FillPointer = std::shared_ptr<Fill>;

  net::Task<Result<std::shared_ptr<OpenBlob>>> open(const Digest& digest);
  net::Task<Result<void>> serve_whole(net::Exchange& exchange, const Digest& digest, const OpenBlob& blob);
  net::Task<Result<void>> serve_filling(net::Exchange& exchange, const std::string& name, FillPointer fill);
  void note_known(const std::string& name);
  net::Task<Result<void>> leave(net::Exchange& exchange, FillPointer fill, net::ByteRange range,
                                std::uint64_t at);

  net::Task<void> run(FillPointer fill);
  net::Task<Result<void>> transfer(FillPointer fill);
  net::Task<Result<void>> fetch_all(Fill& fill, store::PartialBlob& partial);
  net::Task<Result<void>> attempt(Fill& fill, store::PartialBlob& partial);
  net::Task<Result<void>> take(Fill& fill, store::PartialBlob& partial, BytesView data, std::uint64_t& skip);
  Result<void> reserve(Fill& fill, std::uint64_t bytes);
  std::optional<Removals> make_room(std::uint64_t bytes, std::uint64_t disk_bytes);

  store::FileBlobStore& store_;
  Upstream& upstream_;
  net::WorkerPool& pool_;
  Counters& counters_;
  std::function<std::unordered_set<Digest>()> pinned_;
  net::Executor executor_;
  Passage passage_;
  BlobIndex index_;
  std::unordered_map<Digest, std::shared_ptr<OpenBlob>> open_;  // one descriptor for all who read
  std::unordered_map<Digest, FillPointer> fills_;
  std::unordered_set<std::string> known_;  // repositories that the upstream has served blobs of
  net::TaskGroup tasks_;
};

// Blocks; what is in use by somebody else stays.
void remove_files(store::FileBlobStore& store, const Removals& removals);

}  // namespace stratus::gateway
