#include "stratus/oci/layer_index.hpp"

#include <optional>

#include "stratus/oci/pax.hpp"
#include "stratus/oci/tar_writer.hpp"

namespace stratus::oci {
namespace {

class ItemCollector : public TarVisitor {
 public:
  explicit ItemCollector(const LayerPolicy& policy) : guard_(policy) {}
  LayerItems items;

  Result<void> begin_entry(const TarEntry& entry, std::uint64_t data_offset) override {
    LayerItem item;
    item.entry = entry;
    STRATUS_TRY(where, guard_.admit(item.entry));
    item.where = std::move(where);
    item.offset = data_offset;
    items.push_back(std::move(item));
    hash_.emplace();
    return {};
  }
  Result<void> entry_data(BytesView data) override {
    hash_->update(data);
    return {};
  }
  Result<void> end_entry() override {
    if (items.back().entry.type == EntryType::file) items.back().content = hash_->finish();
    return {};
  }

 private:
  LayerGuard guard_;
  std::optional<Sha256> hash_;
};

// An index is a tar without file data: two records beside the extended attributes hold digest and size.
constexpr const char* kDigestRecord = "stratus.digest";
constexpr const char* kSizeRecord = "stratus.size";

}  // namespace

struct LayerScanner::Impl {
  explicit Impl(const LayerPolicy& policy) : collector(policy), parser(collector) {}
  ItemCollector collector;
  TarParser parser;
  Sha256 hash;
  std::uint64_t tar_bytes = 0;
  ByteSink copy;
  Result<std::unique_ptr<Decompressor>> reader = std::unique_ptr<Decompressor>();
};

LayerScanner::LayerScanner(Compression compression, const LayerPolicy& policy, const DecompressLimits& limits)
    : impl_(std::make_unique<Impl>(policy)) {
  impl_->reader =
      Decompressor::create(compression, limits, [impl = impl_.get()](BytesView tar) -> Result<void> {
        impl->hash.update(tar);
        impl->tar_bytes += tar.size();
        if (impl->copy) STRATUS_CHECK(impl->copy(tar));
        return impl->parser.feed(tar);
      });
}
LayerScanner::~LayerScanner() = default;

void LayerScanner::copy_tar_to(ByteSink copy) { impl_->copy = std::move(copy); }

Result<void> LayerScanner::feed(BytesView blob) {
  if (!impl_->reader) return fail(impl_->reader.error());
  return (*impl_->reader)->feed(blob);
}

Result<ScannedLayer> LayerScanner::finish() {
  if (!impl_->reader) return fail(impl_->reader.error());
  STRATUS_CHECK((*impl_->reader)->finish());
  STRATUS_CHECK(impl_->parser.finish());
  ScannedLayer out;
  out.items = std::move(impl_->collector.items);
  out.diff_id = impl_->hash.finish();
  out.tar_bytes = impl_->tar_bytes;
  return out;
}

std::string encode_layer_index(const LayerItems& items) {
  std::string out;
  TarWriter writer([&](BytesView bytes) {
    out += as_text(bytes);
    return Result<void>();
  });
  for (const LayerItem& item : items) {
    TarEntry entry = item.entry;
    if (entry.type == EntryType::file) {
      entry.xattrs[kDigestRecord] = item.content.text();
      entry.xattrs[kSizeRecord] = std::to_string(entry.size);
      entry.size = 0;
    }
    (void)writer.begin(entry);  // only fails when its sink does
    (void)writer.end();
  }
  (void)writer.finish();
  return out;
}

Result<LayerItems> parse_layer_index(std::string_view text) {
  LayerPolicy policy;
  policy.keep_devices = true;
  policy.max_xattr_bytes *= 2;  // room for the two records
  ItemCollector collector(policy);
  TarParser parser(collector);
  STRATUS_CHECK(parser.feed(as_bytes(text)));
  STRATUS_CHECK(parser.finish());
  for (LayerItem& item : collector.items) {
    if (item.entry.type != EntryType::file) continue;
    STRATUS_TRY(digest, Digest::parse(item.entry.xattrs[kDigestRecord]));
    STRATUS_TRY(size, parse_decimal(item.entry.xattrs[kSizeRecord]));
    item.content = digest;
    item.entry.size = size;
    item.entry.xattrs.erase(kDigestRecord);
    item.entry.xattrs.erase(kSizeRecord);
  }
  return std::move(collector.items);
}

}  // namespace stratus::oci
