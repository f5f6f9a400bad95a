#include "stratus/server/layer_tars.hpp"

#include <algorithm>

#include <fcntl.h>
#include <unistd.h>

#include "stratus/base/file.hpp"
#include "stratus/crypto/sha256.hpp"
#include "stratus/oci/decompress.hpp"

namespace stratus::server {

Result<std::unique_ptr<LayerTars>> LayerTars::open(const std::filesystem::path& directory,
                                                   std::uint64_t limit, const store::BlobStore& blobs) {
  STRATUS_CHECK(remove_tree(directory));
  STRATUS_CHECK(make_directories(directory));
  return std::unique_ptr<LayerTars>(new LayerTars(directory, limit, blobs));
}

Result<std::uint64_t> LayerTars::uncompress(const oci::Descriptor& layer, const Digest& diff_id,
                                            const std::filesystem::path& to) const {
  STRATUS_TRY(compression, oci::compression_of_media_type(layer.media_type));
  STRATUS_TRY(reader, blobs_.open(layer.digest));
  STRATUS_TRY(out, open_file(to, O_WRONLY | O_CREAT | O_TRUNC));
  Sha256 hash;
  std::uint64_t size = 0;
  const ByteSink sink = [&](BytesView data) -> Result<void> {
    hash.update(data);
    size += data.size();
    return write_all(out.get(), data);
  };
  STRATUS_TRY(decompressor, oci::Decompressor::create(compression, oci::DecompressLimits(), sink));
  Bytes buffer(256 * 1024);
  for (std::uint64_t at = 0; at < reader.size;) {
    const auto piece = std::span(buffer).first(std::min<std::uint64_t>(buffer.size(), reader.size - at));
    STRATUS_CHECK(pread_exact(reader.fd.get(), piece, at));
    STRATUS_CHECK(decompressor->feed(piece));
    at += piece.size();
  }
  STRATUS_CHECK(decompressor->finish());
  if (const Digest found = hash.finish(); found != diff_id) {
    return fail(ErrorCode::corrupt,
                "the layer's content is " + found.text() + ", the image says " + diff_id.text());
  }
  return size;
}

Result<std::shared_ptr<const LayerTars::Tar>> LayerTars::get(const oci::Descriptor& layer,
                                                             const Digest& diff_id) {
  const std::lock_guard lock(mutex_);
  if (const auto found = by_diff_id_.find(diff_id); found != by_diff_id_.end()) {
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->tar;
  }
  const std::filesystem::path path = directory_ / (diff_id.hex() + ".tar");
  auto size = uncompress(layer, diff_id, path).with_context("layer " + layer.digest.text());
  if (!size) {
    ::unlink(path.c_str());
    return forward_error(std::move(size));
  }
  entries_.push_front({diff_id, std::make_shared<const Tar>(Tar{path, *size})});
  by_diff_id_[diff_id] = entries_.begin();
  bytes_ += *size;
  std::shared_ptr<const Tar> tar = entries_.front().tar;
  evict();
  return tar;
}

void LayerTars::evict() {
  for (auto at = entries_.end(); at != entries_.begin() && bytes_ > limit_;) {
    --at;
    if (at->tar.use_count() > 1) continue;
    ::unlink(at->tar->path.c_str());
    bytes_ -= at->tar->size;
    by_diff_id_.erase(at->diff_id);
    at = entries_.erase(at);
  }
}

std::uint64_t LayerTars::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace stratus::server
