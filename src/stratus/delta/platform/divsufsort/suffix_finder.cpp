#include <algorithm>
#include <cstring>
#include <limits>
#include <new>
#include <vector>

#include <divsufsort.h>

#include "stratus/delta/match_finder.hpp"

namespace stratus::delta {
namespace {

// Longer matches are found all the same: whoever follows a match extends it.
constexpr std::size_t kLongest = 64u << 10;
// Places with equally long matches that are looked at, before and after in the order.
constexpr std::size_t kNeighbours = 64;

std::size_t common_prefix(const std::uint8_t* a, const std::uint8_t* b, std::size_t limit) {
  std::size_t size = 0;
  while (size + 8 <= limit) {
    std::uint64_t left = 0, right = 0;
    std::memcpy(&left, a + size, 8);
    std::memcpy(&right, b + size, 8);
    if (left != right) return size + static_cast<std::size_t>(__builtin_ctzll(left ^ right)) / 8;
    size += 8;
  }
  while (size < limit && a[size] == b[size]) ++size;
  return size;
}

class SuffixFinder final : public MatchFinder {
 public:
  explicit SuffixFinder(BytesView reference) : reference_(reference) {
    const std::size_t size = reference.size();
    order_.reset(new (std::nothrow) std::int32_t[size + 1]);
    if (!order_) return;
    if (divsufsort(reference.data(), order_.get(), static_cast<std::int32_t>(size)) != 0) {
      order_.reset();
      return;
    }
    index_pairs();
    note_seeds();
  }

  bool ready() const { return order_ != nullptr; }

  Match find(BytesView target) const override {
    if (target.size() < kLeast || !seed_bit(target.data())) return {};
    const std::size_t limit = std::min(target.size(), kLongest);
    const std::size_t pair = target[0] * 256u + target[1];
    std::size_t low = pair_start_[pair], high = pair_start_[pair + 1];
    // Sorted suffixes [low, high) share their first two bytes with the target, but for a lone last byte.
    std::size_t low_common = 0, high_common = 0;
    Match best;
    while (low < high) {
      const std::size_t middle = low + (high - low) / 2;
      const auto at = static_cast<std::size_t>(order_[middle]);
      const std::size_t room = std::min(limit, reference_.size() - at);
      std::size_t common = std::min({low_common, high_common, room});
      common += common_prefix(target.data() + common, reference_.data() + at + common, room - common);
      if (common > best.size) best = {at, common, middle};
      if (common == limit) break;
      if (common == reference_.size() - at || reference_[at + common] < target[common]) {
        low = middle + 1;
        low_common = common;
      } else {
        high = middle;
        high_common = common;
      }
    }
    return best.size >= kLeast ? best : Match{};
  }

  Match nearest(const Match& match, std::uint64_t position) const override {
    Match best = match;
    const auto distance = [position](std::uint64_t at) {
      return at > position ? at - position : position - at;
    };
    const std::uint8_t* const bytes = reference_.data() + match.position;
    const auto consider = [&](std::size_t rank) {
      const auto at = static_cast<std::size_t>(order_[rank]);
      if (reference_.size() - at < match.size) return false;
      if (std::memcmp(reference_.data() + at, bytes, match.size) != 0) return false;
      if (distance(at) < distance(best.position)) best.position = at;
      return true;
    };
    for (std::size_t i = 1; i <= kNeighbours && i <= match.rank && consider(match.rank - i); ++i) {
    }
    for (std::size_t i = 1; i <= kNeighbours && match.rank + i < reference_.size(); ++i) {
      if (!consider(match.rank + i)) break;
    }
    return best;
  }

 private:
  // Where the suffixes that begin with each pair of bytes are.
  void index_pairs() {
    const std::size_t size = reference_.size();
    std::vector<std::uint32_t> count(65536);
    for (std::size_t i = 0; i + 1 < size; ++i) ++count[reference_[i] * 256u + reference_[i + 1]];
    pair_start_.resize(65537);
    std::uint32_t at = 0;
    for (std::size_t pair = 0; pair < 65536; ++pair) {
      // The suffix of one byte sorts before all longer ones that begin with it.
      if (pair % 256 == 0 && size > 0 && reference_[size - 1] == pair / 256) ++at;
      pair_start_[pair] = at;
      at += count[pair];
    }
    pair_start_[65536] = at;
  }

  // One bit for (the hash of) every eight bytes in a row: most fruitless searches end here.
  void note_seeds() {
    if (reference_.size() < kLeast) return;
    unsigned log = 16;
    while (log < 31 && (std::size_t{1} << log) < reference_.size() * 8) ++log;
    shift_ = 64 - log;
    seeds_.resize(std::size_t{1} << (log - 6));
    for (std::size_t i = 0; i + kLeast <= reference_.size(); ++i) {
      const std::uint64_t slot = slot_of(reference_.data() + i);
      seeds_[slot >> 6] |= std::uint64_t{1} << (slot & 63);
    }
  }
  std::uint64_t slot_of(const std::uint8_t* bytes) const {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes, 8);
    return value * 0x9e3779b97f4a7c15u >> shift_;
  }
  bool seed_bit(const std::uint8_t* bytes) const {
    if (seeds_.empty()) return false;
    const std::uint64_t slot = slot_of(bytes);
    return (seeds_[slot >> 6] >> (slot & 63) & 1) != 0;
  }

  BytesView reference_;
  std::unique_ptr<std::int32_t[]> order_;
  std::vector<std::uint32_t> pair_start_;
  std::vector<std::uint64_t> seeds_;
  unsigned shift_ = 0;
};

}  // namespace

std::unique_ptr<MatchFinder> make_suffix_finder(BytesView reference) {
  if (reference.size() >= std::size_t{std::numeric_limits<std::int32_t>::max()}) return nullptr;
  auto finder = std::make_unique<SuffixFinder>(reference);
  if (!finder->ready()) return nullptr;
  return finder;
}

}  // namespace stratus::delta
