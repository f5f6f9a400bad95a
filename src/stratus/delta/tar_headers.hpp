// What makes the headers of a new tar cheap: sums that can be computed are left out, and each header is
// close to one of the base or to the one before it (docs/formats/delta.md, "Headers").
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "stratus/delta/file_tree.hpp"
#include "stratus/delta/patch.hpp"
#include "stratus/delta/tar_layout.hpp"

namespace stratus::delta {

// How a tar's writer spells the header checksum.
enum class ChecksumForm : std::uint8_t { kept = 0, six_nul_space = 1, six_space_nul = 2, seven_nul = 3 };
constexpr std::uint64_t kChecksumForms = 4;

// Zeros a ustar block's checksum when it is the right one in this form; puts it into a block that has zeros
// there. Blocks without the ustar magic are left alone.
void strip_checksum(std::span<std::uint8_t> block, ChecksumForm form);
void restore_checksum(std::span<std::uint8_t> block, ChecksumForm form);
// The form that all blocks survive, `kept` if none does.
ChecksumForm find_checksum_form(BytesView headers);

// The header that stands before the first: a plain file's, owner root, no name, no size, no time.
const std::array<std::uint8_t, kTarBlock>& template_header();

// Addresses: the base's headers (checksums stripped), the template, then the new headers as they are made,
// of which the last `kHistory` bytes can be read.
class HeaderReference final : public Reference {
 public:
  static constexpr std::size_t kHistory = 64u << 10;

  // `base` is null when the recipe does not use its headers.
  HeaderReference(std::unique_ptr<FileView> base, ChecksumForm form);

  Result<void> read(std::uint64_t position, std::span<std::uint8_t> into) override;
  std::uint64_t template_position() const { return base_size_; }
  // The next new block, checksum stripped.
  void append(BytesView block);

 private:
  Result<void> read_base_block(std::uint64_t block);

  std::unique_ptr<FileView> base_;
  std::uint64_t base_size_;
  ChecksumForm form_;
  Bytes cached_;
  std::uint64_t cached_block_ = ~std::uint64_t{0};
  Bytes history_;
  std::uint64_t made_ = 0;  // bytes after the template
};

// How to make `fresh` (new headers, stripped) from `memory` (base headers stripped, template, `fresh`).
std::vector<PatchStep> align_headers(BytesView fresh, BytesView memory);

}  // namespace stratus::delta
