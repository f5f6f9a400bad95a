#include "stratus/cli/layer_cache.hpp"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include <zstd.h>

#include "stratus/base/file.hpp"
#include "stratus/base/log.hpp"
#include "stratus/oci/decompress.hpp"
#include "stratus/oci/layer_index.hpp"

namespace stratus::cli {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kMaxEntry = 256u << 20, kMaxCache = 1u << 30;

// Oldest first, until the rest fits.
void trim(const fs::path& directory) {
  struct Entry {
    fs::file_time_type time;
    std::uint64_t size;
    fs::path path;
  };
  std::vector<Entry> entries;
  std::uint64_t total = 0;
  std::error_code error;
  for (const auto& file : fs::directory_iterator(directory, error)) {
    entries.push_back({file.last_write_time(error), file.file_size(error), file.path()});
    total += entries.back().size;
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.time < b.time; });
  for (const Entry& entry : entries) {
    if (total <= kMaxCache) return;
    if (fs::remove(entry.path, error)) total -= entry.size;
  }
}

}  // namespace

LayerCache LayerCache::open_default() {
  const char* const cache = std::getenv("XDG_CACHE_HOME");
  const char* const home = std::getenv("HOME");
  fs::path base;
  if (cache != nullptr && *cache == '/') {
    base = cache;
  } else if (home != nullptr && *home == '/') {
    base = fs::path(home) / ".cache";
  } else {
    return LayerCache({});
  }
  const fs::path directory = base / "stratus" / "layers";
  return LayerCache(make_directories(directory) ? directory : fs::path());
}

std::optional<oci::LayerItems> LayerCache::find(const Digest& diff_id) const {
  if (directory_.empty()) return std::nullopt;
  const auto packed = read_file(directory_ / diff_id.hex(), kMaxEntry);
  if (!packed) return std::nullopt;
  std::string text;
  oci::DecompressLimits limits;
  limits.max_output = 8 * kMaxEntry;
  auto reader = oci::Decompressor::create(oci::Compression::zstd, limits, [&](BytesView bytes) {
    text += as_text(bytes);
    return Result<void>();
  });
  if (!reader || !(*reader)->feed(as_bytes(*packed)) || !(*reader)->finish()) return std::nullopt;
  auto items = oci::parse_layer_index(text);
  if (items) return std::move(*items);
  log::debug("cache", "layer {}: {}", diff_id.short_hex(), items.error().text());
  return std::nullopt;
}

void LayerCache::put(const Digest& diff_id, const oci::LayerItems& items) const {
  if (directory_.empty()) return;
  const std::string text = oci::encode_layer_index(items);
  std::string packed(::ZSTD_compressBound(text.size()), '\0');
  const std::size_t size = ::ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 3);
  if (::ZSTD_isError(size) != 0) return;
  packed.resize(size);
  const auto written = write_file_atomically(directory_ / diff_id.hex(), packed, 0600);
  if (!written) log::debug("cache", "layer {}: {}", diff_id.short_hex(), written.error().text());
  trim(directory_);
}

}  // namespace stratus::cli
