// The content-addressed store: blobs named by their SHA-256, on the server and in the gateway's cache.
// The port; FileBlobStore (store/file_blob_store.hpp) keeps them as files.
//
// Acknowledged means durable: what commit() answered survives a power cut. A blob that is readable is whole
// and was verified. Calls block (file system); thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "stratus/base/clock.hpp"
#include "stratus/base/digest.hpp"
#include "stratus/base/file.hpp"
#include "stratus/base/result.hpp"

namespace stratus::store {

struct BlobInfo {
  Digest digest;
  std::uint64_t size = 0;
  WallTime last_used{};  // committed, touched or opened, to a minute; for eviction and garbage collection
};

// An open blob; stays readable while held even when the blob is removed meanwhile.
struct BlobReader {
  FileDescriptor fd;
  std::uint64_t size = 0;
};

// A blob being written; what was not committed vanishes with it unless the implementation keeps partial data.
class BlobWriter {
 public:
  virtual ~BlobWriter() = default;
  virtual Result<void> write(BytesView data) = 0;
  virtual std::uint64_t size() const = 0;
  virtual Digest digest() const = 0;  // of everything written so far
  // Verifies the digest over everything written (`corrupt` when it differs), makes it durable and visible.
  // Committing what exists already is fine.
  virtual Result<BlobInfo> commit(const Digest& expected) = 0;
};

class BlobStore {
 public:
  virtual ~BlobStore() = default;
  virtual Result<BlobInfo> stat(const Digest& digest) const = 0;  // `not_found`
  virtual Result<BlobReader> open(const Digest& digest) const = 0;
  virtual Result<std::unique_ptr<BlobWriter>> create() = 0;
  virtual Result<void> remove(const Digest& digest) = 0;  // idempotent
  virtual Result<void> for_each(const std::function<void(const BlobInfo&)>& visit) const = 0;
  virtual std::uint64_t total_bytes() const = 0;
};

}  // namespace stratus::store
