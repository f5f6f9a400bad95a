#include "stratus/delta/tar_headers.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <string_view>
#include <unordered_map>

namespace stratus::delta {
namespace {

constexpr std::size_t kChecksumAt = 148, kChecksumSize = 8, kMagicAt = 257, kNameSize = 100, kTypeAt = 156;

using Checksum = std::array<std::uint8_t, kChecksumSize>;

Checksum checksum_of(std::span<const std::uint8_t> block, ChecksumForm form) {
  unsigned sum = 8 * ' ';
  for (std::size_t i = 0; i < block.size(); ++i) {
    if (i < kChecksumAt || i >= kChecksumAt + kChecksumSize) sum += block[i];
  }
  Checksum out{};
  const std::size_t digits = form == ChecksumForm::seven_nul ? 7 : 6;
  for (std::size_t i = digits; i-- > 0; sum >>= 3) out[i] = static_cast<std::uint8_t>('0' + (sum & 7));
  if (form == ChecksumForm::six_nul_space) out[7] = ' ';
  if (form == ChecksumForm::six_space_nul) out[6] = ' ';
  return out;
}

bool has_magic(std::span<const std::uint8_t> block) {
  return std::memcmp(block.data() + kMagicAt, "ustar", 5) == 0;
}

}  // namespace

void strip_checksum(std::span<std::uint8_t> block, ChecksumForm form) {
  if (form == ChecksumForm::kept || !has_magic(block)) return;
  const Checksum right = checksum_of(block, form);
  if (std::equal(right.begin(), right.end(), block.begin() + kChecksumAt)) {
    std::fill_n(block.begin() + kChecksumAt, kChecksumSize, std::uint8_t{0});
  }
}

void restore_checksum(std::span<std::uint8_t> block, ChecksumForm form) {
  if (form == ChecksumForm::kept || !has_magic(block)) return;
  const auto field = block.subspan(kChecksumAt, kChecksumSize);
  if (std::any_of(field.begin(), field.end(), [](std::uint8_t byte) { return byte != 0; })) return;
  const Checksum right = checksum_of(block, form);
  std::copy(right.begin(), right.end(), field.begin());
}

ChecksumForm find_checksum_form(BytesView headers) {
  for (const ChecksumForm form :
       {ChecksumForm::six_nul_space, ChecksumForm::six_space_nul, ChecksumForm::seven_nul}) {
    bool useful = false, safe = true;
    for (std::size_t at = 0; at < headers.size() && safe; at += kTarBlock) {
      std::array<std::uint8_t, kTarBlock> block{};
      const BytesView original = headers.subspan(at, kTarBlock);
      std::copy(original.begin(), original.end(), block.begin());
      strip_checksum(block, form);
      useful = useful || !std::equal(original.begin(), original.end(), block.begin());
      restore_checksum(block, form);
      safe = std::equal(original.begin(), original.end(), block.begin());
    }
    if (useful && safe) return form;
  }
  return ChecksumForm::kept;
}

const std::array<std::uint8_t, kTarBlock>& template_header() {
  static const auto block = [] {
    std::array<std::uint8_t, kTarBlock> made{};
    const auto put = [&made](std::size_t at, std::string_view text) {
      std::copy(text.begin(), text.end(), made.begin() + static_cast<std::ptrdiff_t>(at));
    };
    put(100, "0000644");
    put(108, "0000000");
    put(116, "0000000");
    put(124, "00000000000");
    put(136, "00000000000");
    put(156, "0");
    put(257, "ustar");
    put(263, "00");
    put(329, "0000000");
    put(337, "0000000");
    return made;
  }();
  return block;
}

HeaderReference::HeaderReference(std::unique_ptr<FileView> base, ChecksumForm form)
    : base_(std::move(base)),
      base_size_(base_ == nullptr ? 0 : base_->size() / kTarBlock * kTarBlock),
      form_(form),
      cached_(kTarBlock),
      history_(kHistory) {}

Result<void> HeaderReference::read_base_block(std::uint64_t block) {
  if (block == cached_block_) return {};
  cached_block_ = ~std::uint64_t{0};
  STRATUS_CHECK(base_->read(block * kTarBlock, cached_));
  strip_checksum(cached_, form_);
  cached_block_ = block;
  return {};
}

Result<void> HeaderReference::read(std::uint64_t position, std::span<std::uint8_t> into) {
  for (std::size_t done = 0; done < into.size();) {
    const std::uint64_t at = position + done;
    const auto skip = static_cast<std::size_t>(at % kTarBlock);
    const std::size_t count = std::min(into.size() - done, kTarBlock - skip);
    const auto out = into.subspan(done, count);
    if (at < base_size_) {
      STRATUS_CHECK(read_base_block(at / kTarBlock));
      std::copy_n(cached_.begin() + static_cast<std::ptrdiff_t>(skip), count, out.begin());
    } else if (at - base_size_ < kTarBlock) {
      std::copy_n(template_header().begin() + static_cast<std::ptrdiff_t>(skip), count, out.begin());
    } else {
      const std::uint64_t from = at - base_size_ - kTarBlock;
      if (from > made_ || made_ - from < count || made_ - from > kHistory) {
        return fail(ErrorCode::corrupt, "malformed recipe: a header copied from where there is none");
      }
      const auto slot = static_cast<std::size_t>(from % kHistory);
      std::copy_n(history_.begin() + static_cast<std::ptrdiff_t>(slot), count, out.begin());
    }
    done += count;
  }
  return {};
}

void HeaderReference::append(BytesView block) {
  const auto slot = static_cast<std::size_t>(made_ % kHistory);
  std::copy(block.begin(), block.end(), history_.begin() + static_cast<std::ptrdiff_t>(slot));
  made_ += block.size();
}

std::vector<PatchStep> align_headers(BytesView fresh, BytesView memory) {
  const std::size_t base_size = memory.size() - fresh.size() - kTarBlock;
  const auto block_at = [memory](std::size_t position) {
    return as_text(memory.subspan(position, kTarBlock));
  };
  const auto name_of = [](std::string_view block) {
    return std::string(block.substr(0, kNameSize)) + block[kTypeAt] + std::string(block.substr(345, 155));
  };
  std::unordered_map<std::string_view, std::size_t> by_content;
  std::unordered_map<std::string, std::size_t> by_name;
  for (std::size_t at = 0; at < base_size; at += kTarBlock) {
    by_content.try_emplace(block_at(at), at);
    by_name.insert_or_assign(name_of(block_at(at)), at);
  }
  const auto difference = [&](std::size_t candidate, std::string_view wanted) {
    const std::string_view block = block_at(candidate);
    std::size_t count = 0;
    for (std::size_t i = 0; i < kTarBlock; ++i) count += block[i] != wanted[i] ? 1 : 0;
    return count;
  };
  std::vector<PatchStep> steps;
  std::size_t expected = 0;  // where the last copy ended
  for (std::size_t at = 0; at < fresh.size(); at += kTarBlock) {
    const std::size_t here = base_size + kTarBlock + at;
    const std::string_view wanted = block_at(here);
    std::size_t best = here - kTarBlock;  // the header before, or the template
    std::size_t cost = difference(best, wanted) + (best == expected ? 0 : 4);
    const auto consider = [&](std::size_t candidate) {
      const std::size_t price = difference(candidate, wanted) + (candidate == expected ? 0 : 4);
      if (price < cost) {
        cost = price;
        best = candidate;
      }
    };
    if (expected + kTarBlock <= here && here - expected <= HeaderReference::kHistory) consider(expected);
    if (expected + kTarBlock <= base_size) consider(expected);
    if (const auto found = by_content.find(wanted); found != by_content.end()) consider(found->second);
    if (const auto found = by_name.find(name_of(wanted)); found != by_name.end()) consider(found->second);
    if (!steps.empty() && best == expected) {
      steps.back().copy += kTarBlock;
    } else {
      steps.push_back({best, kTarBlock, 0});
    }
    expected = best + kTarBlock;
  }
  return steps;
}

}  // namespace stratus::delta
