#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "stratus/delta/match_finder.hpp"

namespace stratus::delta {
namespace {

constexpr std::size_t kStep = 16;
constexpr std::size_t kSeed = 16;  // bytes hashed; every match of kStep + kSeed - 1 bytes holds one
constexpr std::size_t kLongest = 64u << 10;

class BlockFinder final : public MatchFinder {
 public:
  explicit BlockFinder(BytesView reference) : reference_(reference) {
    const std::size_t blocks = reference.size() / kStep;
    const unsigned log = std::clamp<unsigned>(static_cast<unsigned>(std::bit_width(blocks)), 8, 31);
    shift_ = 64 - log;
    slots_.resize(std::size_t{1} << log);
    // The first occurrence stays: later ones of repeated bytes (zeros, tables) are no better.
    for (std::size_t block = 0; (block + 1) * kStep <= reference.size(); ++block) {
      std::uint32_t& slot = slots_[slot_of(reference.data() + block * kStep)];
      if (slot == 0) slot = static_cast<std::uint32_t>(block + 1);
    }
  }

  Match find(BytesView target) const override {
    if (target.size() < kSeed) return {};
    const std::uint32_t slot = slots_[slot_of(target.data())];
    if (slot == 0) return {};
    const std::size_t at = (std::size_t{slot} - 1) * kStep;
    const std::size_t limit = std::min({target.size(), reference_.size() - at, kLongest});
    const auto differ = std::mismatch(target.begin(), target.begin() + static_cast<std::ptrdiff_t>(limit),
                                      reference_.begin() + static_cast<std::ptrdiff_t>(at));
    const auto size = static_cast<std::size_t>(differ.first - target.begin());
    return size >= kSeed ? Match{at, size} : Match{};
  }

 private:
  std::size_t slot_of(const std::uint8_t* bytes) const {
    std::uint64_t first = 0, second = 0;
    std::memcpy(&first, bytes, 8);
    std::memcpy(&second, bytes + 8, 8);
    const std::uint64_t mixed = (first * 0x9e3779b97f4a7c15u) ^ std::rotl(second * 0xc2b2ae3d27d4eb4fu, 31);
    return static_cast<std::size_t>(mixed * 0x9e3779b97f4a7c15u >> shift_);
  }

  BytesView reference_;
  std::vector<std::uint32_t> slots_;
  unsigned shift_ = 0;
};

}  // namespace

std::unique_ptr<MatchFinder> make_block_finder(BytesView reference) {
  return std::make_unique<BlockFinder>(reference);
}

}  // namespace stratus::delta
