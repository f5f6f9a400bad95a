// Tar archives in pieces: no crash, and what is read can be written and read again as the same.
#include <cstdlib>

#include "stratus/oci/layer_rules.hpp"
#include "stratus/oci/tar_parser.hpp"
#include "stratus/oci/tar_writer.hpp"

namespace {

using namespace stratus;

class Copier : public oci::TarVisitor {
 public:
  explicit Copier(oci::TarWriter& writer) : writer_(writer) {}
  Result<void> begin_entry(const oci::TarEntry& entry, std::uint64_t) override {
    oci::TarEntry checked = entry;
    (void)guard_.admit(checked);
    return writer_.begin(entry);
  }
  Result<void> entry_data(BytesView data) override { return writer_.data(data); }
  Result<void> end_entry() override { return writer_.end(); }

 private:
  oci::TarWriter& writer_;
  oci::LayerGuard guard_{{}};
};

// The archive written anew, or nothing when it is refused.
bool copy(BytesView archive, std::size_t piece, Bytes& out) {
  oci::TarWriter writer([&out](BytesView bytes) {
    out.insert(out.end(), bytes.begin(), bytes.end());
    return Result<void>();
  });
  Copier copier(writer);
  oci::TarParser parser(copier);
  for (std::size_t at = 0; at < archive.size(); at += piece) {
    if (!parser.feed(archive.subspan(at, std::min(piece, archive.size() - at)))) return false;
  }
  if (!parser.finish()) return false;
  return writer.finish().has_value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes once, in_pieces, twice;
  const bool whole = copy({data, size}, size + 1, once);
  if (copy({data, size}, 100, in_pieces) != whole) std::abort();
  if (!whole) return 0;
  if (in_pieces != once) std::abort();
  if (!copy(once, 1000, twice) || twice != once) std::abort();
  return 0;
}
