#include "stratus/delta/tar_layout.hpp"

#include <algorithm>
#include <array>

#include "stratus/delta/file_view.hpp"
#include "stratus/oci/tar_parser.hpp"

namespace stratus::delta {
namespace {

class Collector final : public oci::TarVisitor {
 public:
  Result<void> begin_entry(const oci::TarEntry& entry, std::uint64_t data_offset) override {
    layout.members.push_back(
        {normalised_path(entry.path),
         entry.type == oci::EntryType::hard_link ? normalised_path(entry.link_target) : "", entry.type,
         data_offset, entry.size});
    return {};
  }
  Result<void> entry_data(BytesView) override { return {}; }
  Result<void> end_entry() override { return {}; }

  TarLayout layout;
};

bool all_zero(BytesView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

class HeaderView final : public FileView {
 public:
  HeaderView(const FileView& tar, const TarLayout& layout) : tar_(tar), layout_(layout) {}
  std::uint64_t size() const override { return layout_.header_bytes; }
  Result<void> read(std::uint64_t offset, std::span<std::uint8_t> into) const override {
    if (offset > size() || into.size() > size() - offset) {
      return fail(ErrorCode::corrupt, "read past the end of the old headers");
    }
    auto extent = std::upper_bound(layout_.headers.begin(), layout_.headers.end(), offset,
                                   [](std::uint64_t at, const auto& e) { return at < e.header_offset; });
    for (extent = extent == layout_.headers.begin() ? extent : extent - 1; !into.empty(); ++extent) {
      const std::uint64_t skip = offset - extent->header_offset;
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), extent->size - skip));
      STRATUS_CHECK(tar_.read(extent->tar_offset + skip, into.first(count)));
      into = into.subspan(count);
      offset += count;
    }
    return {};
  }
  Result<BytesView> bytes() override {
    if (copy_.empty()) {
      copy_.resize(static_cast<std::size_t>(size()));
      STRATUS_CHECK(read(0, copy_));
    }
    return BytesView(copy_);
  }

 private:
  const FileView& tar_;
  const TarLayout& layout_;
  Bytes copy_;
};

}  // namespace

Result<TarLayout> read_tar_layout(const FileView& tar) {
  Collector collector;
  oci::TarParser parser(collector);
  TarLayout& layout = collector.layout;
  std::array<std::uint8_t, kTarBlock> block;
  // Data is passed over: the parser only counts it, so zeros do.
  static constexpr std::array<std::uint8_t, 65536> kZeros{};
  std::uint64_t at = 0, zeros_from = 0;
  std::size_t seen = 0;
  while (at < tar.size()) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(kTarBlock, tar.size() - at));
    const auto header = std::span(block).first(count);
    STRATUS_CHECK(tar.read(at, header));
    STRATUS_CHECK(parser.feed(header));
    if (!layout.headers.empty() && layout.headers.back().tar_offset + layout.headers.back().size == at) {
      layout.headers.back().size += count;
    } else {
      layout.headers.push_back({at, layout.header_bytes, count});
    }
    layout.header_bytes += count;
    if (!all_zero(header)) zeros_from = layout.header_bytes;
    at += count;
    if (layout.members.size() == seen) continue;
    seen = layout.members.size();
    const std::uint64_t end = at + layout.members.back().size;
    const std::uint64_t padded = (end + kTarBlock - 1) / kTarBlock * kTarBlock;
    if (end < at || end > tar.size()) return fail(ErrorCode::corrupt, "the tar ends inside a file");
    for (const std::uint64_t stop = std::min(padded, tar.size()); at < stop;) {
      const auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(stop - at, kZeros.size()));
      STRATUS_CHECK(parser.feed(BytesView(kZeros).first(piece)));
      at += piece;
    }
  }
  STRATUS_CHECK(parser.finish());
  // The zeros at the end (end mark, record padding) say nothing.
  zeros_from = (zeros_from + kTarBlock - 1) / kTarBlock * kTarBlock;
  while (layout.header_bytes > zeros_from) {
    auto& last = layout.headers.back();
    const std::uint64_t cut = std::min(last.size, layout.header_bytes - zeros_from);
    last.size -= cut;
    layout.header_bytes -= cut;
    if (last.size == 0) layout.headers.pop_back();
  }
  return std::move(layout);
}

std::unique_ptr<FileView> make_header_view(const FileView& tar, const TarLayout& layout) {
  return std::make_unique<HeaderView>(tar, layout);
}

}  // namespace stratus::delta
