#include "stratus/server/layer_indexes.hpp"

#include <algorithm>
#include <vector>

#include <unistd.h>

#include "stratus/base/file.hpp"
#include "stratus/base/log.hpp"

namespace stratus::server {
namespace {

constexpr std::uint64_t kMaxFile = 64u << 20;  // bytes of one kept index

}  // namespace

Result<std::unique_ptr<LayerIndexes>> LayerIndexes::open(const std::filesystem::path& directory,
                                                         LayerIndexLimits limits,
                                                         const store::BlobStore& blobs) {
  STRATUS_CHECK(make_directories(directory));
  return std::unique_ptr<LayerIndexes>(new LayerIndexes(directory, limits, blobs));
}

Result<oci::LayerItems> LayerIndexes::scan(const oci::Descriptor& layer, const Digest& diff_id) const {
  STRATUS_TRY(compression, oci::compression_of_media_type(layer.media_type));
  oci::LayerPolicy policy;
  policy.keep_devices = true;  // people are shown what is there
  policy.max_entries = limits_.entries_of_one;
  oci::LayerScanner scanner(compression, policy, oci::DecompressLimits());
  STRATUS_TRY(reader, blobs_.open(layer.digest));
  Bytes buffer(256 * 1024);
  for (std::uint64_t at = 0; at < reader.size;) {
    const auto piece = std::span(buffer).first(std::min<std::uint64_t>(buffer.size(), reader.size - at));
    STRATUS_CHECK(pread_exact(reader.fd.get(), piece, at));
    STRATUS_CHECK(scanner.feed(piece));
    at += piece.size();
  }
  STRATUS_TRY(scanned, scanner.finish());
  if (scanned.diff_id != diff_id) {
    return fail(ErrorCode::corrupt,
                "the layer's content is " + scanned.diff_id.text() + ", the image says " + diff_id.text());
  }
  return std::move(scanned.items);
}

Result<LayerIndexes::Items> LayerIndexes::get(const oci::Descriptor& layer, const Digest& diff_id) {
  const std::lock_guard lock(mutex_);
  if (const auto found = by_diff_id_.find(diff_id); found != by_diff_id_.end()) {
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->items;
  }
  const std::filesystem::path file = directory_ / (diff_id.hex() + ".index");
  if (const auto text = read_file(file, kMaxFile)) {
    auto items = oci::parse_layer_index(*text);
    if (items) {
      std::error_code ignored;
      std::filesystem::last_write_time(file, std::filesystem::file_time_type::clock::now(), ignored);
      return remember(diff_id, std::move(*items));
    }
    log::warning("images", "{}: {}; it is made anew", file.string(), items.error().text());
  }
  auto items = scan(layer, diff_id).with_context("layer " + layer.digest.text());
  if (!items) return forward_error(std::move(items));
  keep(diff_id, *items);
  return remember(diff_id, std::move(*items));
}

LayerIndexes::Items LayerIndexes::remember(const Digest& diff_id, oci::LayerItems items) {
  held_ += items.size();
  entries_.push_front({diff_id, std::make_shared<const oci::LayerItems>(std::move(items))});
  by_diff_id_[diff_id] = entries_.begin();
  while (held_ > limits_.entries && entries_.size() > 1) {
    held_ -= entries_.back().items->size();
    by_diff_id_.erase(entries_.back().diff_id);
    entries_.pop_back();
  }
  return entries_.front().items;
}

// A file that is not there costs time only.
void LayerIndexes::keep(const Digest& diff_id, const oci::LayerItems& items) const {
  const std::string text = oci::encode_layer_index(items);
  if (text.size() > kMaxFile || text.size() > limits_.disk_bytes) return;
  const auto written = write_file_atomically(directory_ / (diff_id.hex() + ".index"), text);
  if (!written) log::warning("images", "{}", written.error().text());
  evict_files();
}

void LayerIndexes::evict_files() const {
  struct File {
    std::filesystem::file_time_type used;
    std::filesystem::path path;
    std::uint64_t size;
  };
  std::vector<File> files;
  std::uint64_t sum = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory_, error)) {
    std::error_code gone;
    const auto used = entry.last_write_time(gone);
    const std::uint64_t size = entry.file_size(gone);
    if (gone) continue;
    files.push_back({used, entry.path(), size});
    sum += size;
  }
  std::sort(files.begin(), files.end(), [](const File& a, const File& b) { return a.used < b.used; });
  for (const File& file : files) {
    if (sum <= limits_.disk_bytes) break;
    ::unlink(file.path.c_str());
    sum -= file.size;
  }
}

}  // namespace stratus::server
